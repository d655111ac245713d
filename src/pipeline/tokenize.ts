import { join } from 'node:path'
import { listSourceFiles, readDocuments, type SourceFile } from '../corpus/documents.ts'
import {
  loadTokenCorpus,
  readTokenManifest,
  type TokenManifest,
  TokenShardWriter,
} from '../corpus/token-shards.ts'
import { DataError, StoppedError, UsageError } from '../core/errors.ts'
import type { StudyEvent } from '../core/events.ts'
import { contentHash } from '../core/hash.ts'
import type { TokenCorpus } from '../core/token-corpus.ts'
import { StageRecorder } from './stage-recorder.ts'
import type { Study } from './study.ts'

/** Documents between two progress events. */
const DOCUMENTS_PER_EVENT = 20

/** Turns the study's documents into token shards. */
export async function* tokenize(study: Study): AsyncGenerator<StudyEvent, TokenManifest> {
  const folder = tokenFolder(study)
  const files = listSourceFiles(study.corpusPaths)
  const inputs = inputsOf(study, files)
  const existing = readTokenManifest(folder)
  if (existing?.inputs === inputs) {
    yield { type: 'stage-skip', stage: 'tokenize', note: describe(existing) }
    return existing
  }

  const tokenizer = study.tokenizer()
  const writer = new TokenShardWriter(folder, inputs, tokenizer.vocabularySize)
  const maxTokens = study.config.tokenize.maxTokens ?? Number.POSITIVE_INFINITY
  const bytes = files.reduce((sum, file) => sum + file.size, 0)
  const expected = Number.isFinite(maxTokens) ? maxTokens : Math.round(bytes / BYTES_PER_TOKEN)
  const recorder = new StageRecorder(study, 'tokenize', writer.tokens, expected)
  yield recorder.start('tokens', `${files.length} ${files.length === 1 ? 'file' : 'files'}`)

  const skipped: StudyEvent[] = []
  const onSkip = (file: string, reason: string): void => {
    skipped.push({ type: 'notice', stage: 'tokenize', text: `${file} was left out: ${reason}` })
  }
  let number = 0
  for await (const document of readDocuments(files, onSkip)) {
    yield* skipped.splice(0)
    if (number++ < writer.documents) continue
    if (study.signal.aborted) {
      recorder.stop()
      throw new StoppedError('stopped', 'stopped while tokenizing; run the same command again to go on')
    }
    const ids = tokenizer.encode(document.text)
    writer.add(document, ids.slice(0, maxTokens - writer.tokens))
    if (writer.tokens >= maxTokens) break
    if (number % DOCUMENTS_PER_EVENT === 0) {
      recorder.record(writer.tokens)
      yield recorder.progress()
    }
  }
  yield* skipped
  if (writer.tokens === 0)
    throw new DataError(
      'corpus-empty',
      `expected text in ${study.corpusPaths.join(', ')}, found none; name files or folders with UTF-8 text in --corpus or gloss.yaml`,
    )
  const manifest = writer.finish()
  recorder.record(manifest.tokens)
  yield recorder.end(describe(manifest))
  return manifest
}

/** A first guess for the progress bar. */
const BYTES_PER_TOKEN = 3.5

/** The tokenized corpus of a study. @throws {UsageError} `tokens-missing` */
export function openTokens(study: Study): TokenCorpus {
  const folder = tokenFolder(study)
  const manifest = readTokenManifest(folder)
  if (!manifest)
    throw new UsageError(
      'tokens-missing',
      `expected token shards in ${folder}, found none; run gloss tokenize (or gloss run) first`,
    )
  return loadTokenCorpus(folder, manifest)
}

function tokenFolder(study: Study): string {
  return join(study.folder, 'tokens')
}

/** What the shards are made from. Files count by size and time, so that a large corpus need not be read to know. */
function inputsOf(study: Study, files: readonly SourceFile[]): string {
  return contentHash({
    tokenizer: study.tokenizer().hash,
    maxTokens: study.config.tokenize.maxTokens ?? null,
    files: files.map(({ name, register, size, modified }) => ({ name, register, size, modified })),
  })
}

function describe(manifest: TokenManifest): string {
  const registers = Object.keys(manifest.registers).length
  const documents = `${manifest.documents.toLocaleString('en')} documents`
  const tokens = `${(manifest.tokens / 1e6).toFixed(2)} M tokens`
  return [registers > 0 ? `${registers} registers` : null, documents, tokens]
    .filter((part) => part !== null)
    .join(', ')
}
