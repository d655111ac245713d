// Loaded into the program by review.mjs: writes down how much processor time passes before the first frame, and from
// each key to the end of its frame. Unlike wall time it is nearly the same on a busy machine.
const { appendFileSync } = require('node:fs')

const file = process.env.BENCH_CPU
const spent = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
let started = false
let pressed = null
const { stdin, stdout } = process
const write = stdout.write.bind(stdout)
stdout.write = function (chunk, ...rest) {
  const text = String(chunk)
  if (!started && text.includes('\u001b[?1049h')) {
    started = true
    appendFileSync(file, `start ${spent()}\n`)
  }
  const result = write(chunk, ...rest)
  if (pressed !== null && text.includes('\u001b[?2026l')) {
    appendFileSync(file, `key ${spent() - pressed}\n`)
    pressed = null
  }
  return result
}
const emit = stdin.emit.bind(stdin)
stdin.emit = function (event, ...values) {
  if (event === 'data') pressed = spent()
  return emit(event, ...values)
}
