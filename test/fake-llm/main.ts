// Starts a fake LLM server by itself and prints its base URL.
import { readArguments, USAGE } from './arguments.ts'
import { FakeLlm } from './server.ts'

const args = process.argv.slice(2)
if (args.includes('--help')) process.stdout.write(USAGE)
else
  try {
    const server = await FakeLlm.start(readArguments(args))
    process.stdout.write(`${server.url}\n`)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
