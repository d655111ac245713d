// Compiles src/sae/kernels/topk-step.ts (AssemblyScript) to dist/sae/topk-step.wasm.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

process.chdir(fileURLToPath(new URL('../', import.meta.url)))
const files = ['src/sae/kernels/topk-step.ts', '--outFile', 'topk-step.wasm']
const code = ['-O3', '--noAssert', '--enable', 'simd', '--enable', 'bulk-memory']
const runtime = ['--runtime', 'stub', '--importMemory', '--initialMemory', '1']
let messages = ''
const { error } = await main([...files, ...code, ...runtime], {
  stderr: {
    write: (text) => {
      messages += text
    },
  },
  writeFile: (_name, contents) => {
    writeFileSync('dist/sae/topk-step.wasm', contents)
  },
})
if (error) {
  process.stderr.write(`${messages}${error.message}\n`)
  process.exitCode = 1
}
