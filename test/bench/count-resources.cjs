// Loaded into the program by export.mjs: writes down the processor time and the largest resident set when it ends.
const { writeFileSync } = require('node:fs')

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const counted = { seconds: (userCPUTime + systemCPUTime) / 1e6, megabytes: (maxRSS * 1024) / 1e6 }
  writeFileSync(process.env.BENCH_RESOURCES, JSON.stringify(counted))
})
