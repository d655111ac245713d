// Compiles src/sae/kernels/topk-step.ts (AssemblyScript) to dist/sae/topk-step.wasm.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

process.chdir(fileURLToPath(new URL('../', import.meta.url)))
const { error, binary, stderr } = await (async () => {
  const options = ['src/sae/kernels/topk-step.ts', '--outFile', 'topk-step.wasm', '-O3', '--noAssert']
  const target = [
    '--runtime',
    'stub',
    '--importMemory',
    '--initialMemory',
    '1',
    '--enable',
    'simd',
    '--enable',
    'bulk-memory',
  ]
  let written
  const result = await asc.main([...options, ...target], {
    writeFile: (_name, contents) => {
      written = contents
    },
  })
  return { ...result, binary: written, stderr: result.stderr.toString() }
})()
if (error) {
  process.stderr.write(`${stderr}\n${error.message}\n`)
  process.exitCode = 1
} else writeFileSync('dist/sae/topk-step.wasm', binary)
