import { parentPort, workerData } from 'node:worker_threads'
import { PageDetailSource, type PageDetails } from '../pipeline/page-details.ts'
import { currentSet } from '../pipeline/feature-set.ts'
import { openDecoder } from '../sae/decoder-file.ts'
import { pastTools } from './llm.ts'
import { openStudy } from './open-study.ts'

/** What the thread is told when it begins. */
export interface PageThreadData {
  readonly workspace: string
  readonly setId: string
}

/** What comes back for a feature. */
export interface PageThreadAnswer {
  readonly feature: number
  readonly details: PageDetails
}

/** The other end of `page-details.ts`: a thread that finds the details of one feature after the other. */
const { workspace, setId } = workerData as PageThreadData
const { study } = openStudy(
  { workspace, color: false },
  {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: {},
    folder: workspace,
    signal: new AbortController().signal,
  },
  'read',
)
// Another verb may have made another set the current one since the list was opened.
const set = study.store.featureSets.get(setId) ?? currentSet(study)
const source = new PageDetailSource(study, set, pastTools(study), openDecoder)

parentPort?.on('message', (feature: number) => {
  void source.of(feature).then(
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none
    (details) => parentPort?.postMessage({ feature, details } satisfies PageThreadAnswer),
    (error: unknown) => {
      // Uncaught, it reaches the other end as the thread's error.
      setImmediate(() => {
        throw error
      })
    },
  )
})
