// Rates by keys without a terminal: the program's own decoder, screens, desk and store. Writes a dot behind every key, after
// what the key changed is stored. Arguments: the study's folder, the keys as JSON, a number for visits to texts.
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { bundledMigrations } from '../../dist/cli/assets.js'
import { RatingDesk } from '../../dist/pipeline/rating-desk.js'
import { openRatingSession } from '../../dist/pipeline/rating-session.js'
import { openStore } from '../../dist/store/sqlite-store.js'
import { keymap } from '../../dist/tui/review/keymap.js'
import { KeyDecoder } from '../../dist/tui/review/keys.js'
import { RateScreen } from '../../dist/tui/review/rate-screen.js'
import { PLAIN } from '../../dist/tui/style.js'

const [folder, keys, edit] = process.argv.slice(2)
const store = openStore(join(folder, 'gloss.db'), bundledMigrations())
const desk = new RatingDesk(store, openRatingSession(store, 'pilot'), 'ana', () => new Date())
const screen = new RateScreen(desk, keymap(), Number(edit))
const decoder = new KeyDecoder()
for (const sent of JSON.parse(keys)) {
  for (const key of [...decoder.push(sent), ...decoder.flush()]) screen.press(key)
  screen.lines({ columns: 80, rows: 23, style: PLAIN, terse: false })
  writeSync(1, '.')
}
