// Compiles the AssemblyScript of src/*/kernels to WebAssembly: the training step to a file of dist/, the resampled ranks
// and sums into a source, because src/autointerp reads no files. With --check nothing is written, and 1 is the exit code where
// that source is not what its kernels compile to.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { main } from 'assemblyscript/asc'

process.chdir(fileURLToPath(new URL('../', import.meta.url)))

const OPTIONS = ['-O3', '--noAssert', '--enable', 'simd', '--enable', 'bulk-memory']
const RUNTIME = ['--runtime', 'stub', '--importMemory', '--initialMemory', '1']

async function compile(...files) {
  let [messages, code] = ['', null]
  const { error } = await main([...files, '--outFile', 'kernel.wasm', ...OPTIONS, ...RUNTIME], {
    stderr: {
      write: (text) => {
        messages += text
      },
    },
    writeFile: (_name, contents) => {
      code = contents
    },
  })
  if (error) throw new Error(`${messages}${error.message}`)
  return code
}

/** Source text that holds a module's bytes. */
function embed(code, files, name) {
  return `/** The WebAssembly of \`${files.join('` and `')}\`, in base64; \`npm run build\` writes it. */
export const ${name} =
  '${Buffer.from(code).toString('base64')}'
`
}

const KERNELS = ['src/autointerp/kernels/resampled-ranks.ts', 'src/autointerp/kernels/resampled-sums.ts']
const EMBEDDED = 'src/autointerp/resampled-ranks-code.ts'

function readEmbedded() {
  try {
    return readFileSync(EMBEDDED, 'utf8')
  } catch {
    return null
  }
}

const source = embed(await compile(...KERNELS), KERNELS, 'RESAMPLED_RANKS_CODE')
const isCurrent = source === readEmbedded()
if (process.argv.includes('--check')) {
  if (!isCurrent) {
    process.stderr.write(`${EMBEDDED} is not what ${KERNELS.join(' and ')} compile to; run npm run build\n`)
    process.exitCode = 1
  }
} else {
  if (!isCurrent) writeFileSync(EMBEDDED, source)
  mkdirSync('dist/sae', { recursive: true })
  writeFileSync('dist/sae/topk-step.wasm', await compile('src/sae/kernels/topk-step.ts'))
}
