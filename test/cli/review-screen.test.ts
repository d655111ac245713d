import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROGRAM, ROOT, temporaryFolder } from '../support/paths.ts'
import { writeReviewStudy } from '../support/review-study.ts'
import { gloss, query, smallStudy } from '../support/small-study.ts'
import { HAS_TMUX, TmuxTerminal } from '../support/tmux.ts'

const GLOSS = `${process.execPath} ${PROGRAM}`
const RATE = `${GLOSS} review --session pilot --rater ana`
const golden = (name: string): string => join(ROOT, 'test', 'golden', name)

/** A transcript: what was done, and what the screen showed then. */
class Transcript {
  text = ''

  add(step: string, screen: string): void {
    this.text += `=== ${step}\n${screen}\n\n`
  }
}

// Without tmux there is no terminal to test in: `apt-get install tmux`.
describe.skipIf(!HAS_TMUX)('gloss review in a terminal (needs tmux)', () => {
  it.each([
    [60, 20, 35],
    [80, 24, 29],
    [120, 40, 10],
  ])(
    'browses and rates at %d × %d',
    async (columns, rows, below) => {
      const folder = writeReviewStudy(temporaryFolder(), { baselines: 20 })
      const transcript = new Transcript()
      const browse = new TmuxTerminal(columns, rows, folder, `${GLOSS} review; echo left with $?; sleep 600`)
      // Where there is room for tokens, they come in last.
      const loaded = columns < 100 ? /the word kettle[^]*all keys/ : /kettle +the word kettle[^]*all keys/
      transcript.add('browse', await browse.shows(loaded))
      browse.press('/')
      browse.type('score>.05 river')
      browse.press('Enter')
      transcript.add('filter', await browse.shows('2 of 40'))
      browse.press('j', 'Enter')
      // What is found in the background is there once the page has its whole length.
      transcript.add('open', await browse.shows(new RegExp(`firings[^]*↓ ${below} more lines`)))
      browse.press('Escape')
      await browse.shows('2 of 40')
      browse.press('o', '?')
      transcript.add('sort, help', await browse.shows('sort by the next column'))
      browse.press('Escape')
      await browse.shows('2 of 40')
      browse.press('q')
      transcript.add('quit', await browse.shows('left with 0'))

      const first = new TmuxTerminal(
        columns,
        rows,
        folder,
        `${RATE} --rubric monosemanticity --items 12 --seed 5; echo left with $?; sleep 600`,
      )
      transcript.add('rate', await first.shows('all keys'))
      first.press('e')
      first.type('the word, and q?u')
      await first.shows('q?u_')
      first.press('Enter', '2', '5', '3', '4')
      await first.shows('›logits 0 1 2 3')
      first.press('2', '1', '3')
      transcript.add('scores', await first.shows('total 13'))
      first.press('u', 'u')
      transcript.add('undo twice', await first.shows(/separation ?·? ?(?:0 1)?/))
      first.press('Z', 'Z')
      await first.shows('total 13')
      first.press('Enter')
      transcript.add('the explanation', await first.shows('machine'))
      first.press('2', 'Enter')
      await first.shows('item 002')
      first.press('c')
      first.type('two meanings?')
      first.press('Enter', 'f')
      transcript.add('comment, flag', await first.shows('flagged'))
      first.press('s')
      first.type('later')
      transcript.add('skip', await first.shows('later_'))
      first.press('Enter')
      await first.shows('item 003')
      first.press('e')
      first.type('half a tho')
      await first.shows('tho_')
      first.resize(columns + 7, rows - 3)
      transcript.add('resize while writing', await first.shows('tho_'))
      first.signal('SIGKILL')
      await first.shows('left with 137')

      const second = new TmuxTerminal(columns, rows, folder, `${RATE}; echo left with $?; sleep 600`)
      transcript.add('resume after kill -9', await second.shows('half a tho'))
      second.press('q')
      transcript.add('quit', await second.shows('left with 0'))
      await expect(transcript.text).toMatchFileSnapshot(golden(`review-${columns}x${rows}.txt`))
      const { n } = query(folder, "SELECT count(*) AS n FROM rating_event WHERE kind = 'submit'")[0]!
      expect(n).toBe(1)
    },
    240_000,
  )

  it.each([
    [60, 20],
    [80, 24],
  ])(
    "does the scorers' tasks at %d × %d",
    async (columns, rows) => {
      const folder = writeReviewStudy(temporaryFolder(), { contrasts: true })
      const transcript = new Transcript()
      const ask = (task: string): TmuxTerminal =>
        new TmuxTerminal(
          columns,
          rows,
          folder,
          `${GLOSS} review --session ${task} --rater ana --rubric ${task} --items 6; echo left with $?; sleep 600`,
        )
      const detection = ask('detection')
      transcript.add('detection', await detection.shows('all keys'))
      detection.type('ynnyu')
      transcript.add('three answers and one taken back', await detection.shows('3 of 20 answered'))
      detection.type('yyyyyyyyyyyyyyyyy')
      transcript.add('all answered', await detection.shows('↵ submits'))
      detection.press('Enter')
      await detection.shows('item 002')
      detection.signal('SIGKILL')
      await detection.shows('left with 137')
      const fuzzing = ask('fuzzing')
      transcript.add('fuzzing', await fuzzing.shows('all keys'))
      const intruder = ask('intruder')
      await intruder.shows('all keys')
      intruder.type('42')
      transcript.add('intruder', await intruder.shows('2 of 10 answered'))
      intruder.press('q')
      await intruder.shows('left with 0')
      await expect(transcript.text).toMatchFileSnapshot(golden(`review-tasks-${columns}x${rows}.txt`))
      const { n } = query(folder, "SELECT count(*) AS n FROM rating_event WHERE kind = 'submit'")[0]!
      expect(n).toBe(1)
    },
    240_000,
  )
  it('stops on Ctrl-Z and from outside, and comes back whole, at another size too', async () => {
    const folder = writeReviewStudy(temporaryFolder())
    const terminal = new TmuxTerminal(80, 24, folder, 'env PS1="shell> " bash --norc --noprofile -i')
    await terminal.shows('shell>')
    terminal.type(`${GLOSS} review\n`)
    const list = await terminal.shows(/the word kettle[^]*all keys/)
    terminal.press('j')
    terminal.press('C-z')
    // The shell has its own screen and line editing back.
    const stopped = await terminal.shows(/Stopped[^]*shell> $|Stopped[^]*shell>$/)
    expect(stopped).not.toContain('all keys')
    terminal.type('echo $((6 * 7))\n')
    await terminal.shows(/^42$/m)
    terminal.type('fg\n')
    const back = await terminal.shows('all keys')
    expect(back.split('\n')).toHaveLength(list.split('\n').length)
    expect(back).toMatch(/^› +32 /m)
    terminal.press('j')
    await terminal.shows(/^› +7 /m)
    terminal.press('C-z')
    await terminal.shows(/Stopped[^]*shell>$/)
    terminal.resize(60, 20)
    terminal.type('fg\n')
    const small = await terminal.shows('all keys')
    expect(small.split('\n')[1]).toMatch(/^ ─{58}$/)
    terminal.press('q')
    terminal.type('echo code $?\n')
    await terminal.shows(/^code 0$/m)
  }, 240_000)

  it('shows what it finds of a page in the background, and goes on to neighbours', async () => {
    const folder = smallStudy()
    const ran = await gloss(['run', '--quiet'], { folder })
    expect(ran.code, ran.stderr).toBe(0)
    const terminal = new TmuxTerminal(120, 40, folder, `${GLOSS} review; echo left with $?; sleep 600`)
    await terminal.shows('all keys')
    terminal.press('Enter')
    await terminal.shows('firings')
    terminal.press('C-d')
    const page = await terminal.shows(/ simulation {2}12 of 60/)
    expect(page).toMatch(/^ {3}predicted /m)
    terminal.press('Tab')
    const chosen = await terminal.shows(/^› +\d+ +cos/m)
    const neighbour = /^› +(\d+) +cos/m.exec(chosen)![1]!
    terminal.press('Enter')
    await terminal.shows(new RegExp(`^ feature ${neighbour} `))
    terminal.press('Escape')
    await terminal.shows(new RegExp(`^› +${neighbour} +cos`, 'm'))
    terminal.press('Escape')
    await terminal.shows('by score')
    terminal.press('q')
    await terminal.shows('left with 0')
  }, 240_000)

  it('leaves the alternate screen on Ctrl-C and on signals, with code 3', async () => {
    const folder = writeReviewStudy(temporaryFolder())
    const terminal = new TmuxTerminal(
      80,
      24,
      folder,
      `echo before; ${GLOSS} review; echo left with $?; sleep 600`,
    )
    await terminal.shows('all keys')
    terminal.press('C-c')
    expect(await terminal.shows('left with 3')).toMatch(/^before\n/)
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
      const killed = new TmuxTerminal(
        80,
        24,
        folder,
        `echo before; ${GLOSS} review; echo left with $?; sleep 600`,
      )
      await killed.shows('all keys')
      killed.signal(signal)
      expect(await killed.shows('left with 3')).toMatch(/^before\n/)
    }
  }, 240_000)

  it('shows hostile text as marks, in its own cell', async () => {
    const hostile = [
      '\u001b]52;c;ZXZpbA==\u0007',
      '\u001b]0;owned\u001b\\',
      'a\rEVIL',
      '\u0007\u0008\u009b2J\u001b[2J',
      '\u202Edcba\u202C',
      'z\u200Bw\u200D\uFEFF',
      'x'.repeat(10_000),
      '👩‍👩‍👧🇩🇪',
      'سلام',
      '漢字かな',
    ]
    const folder = writeReviewStudy(temporaryFolder(), {
      words: hostile,
      explanation: () => hostile.join(' '),
    })
    const terminal = new TmuxTerminal(80, 24, folder, `${GLOSS} review; sleep 600`)
    const title = terminal.title()
    await terminal.shows(/␛\]52[^]*all keys/)
    terminal.press('Enter')
    const page = await terminal.shows('firings')
    expect(page.split('\n')[0]).toMatch(/^ feature \d+ +sae planted/)
    expect(page.split('\n').at(-1)).toMatch(/all keys$/)
    terminal.press('q')
    const rating = new TmuxTerminal(80, 24, folder, `${RATE} --rubric scaling --items 5; sleep 600`)
    const screen = await rating.shows(/machine[^]*all keys/)
    const lines = screen.split('\n')
    expect(lines[0]).toMatch(/^ item 001 of \d+ +pilot · ana/)
    expect(lines[1]).toMatch(/^ ─{78}$/)
    expect(lines[2]).toMatch(/^ machine +␛\]52;c;ZXZpbA==␇ ␛\]0;owned␛\\/)
    expect(lines).toHaveLength(23)
    expect([terminal.title(), rating.title()]).toEqual([title, title])
  }, 300_000)
})

describe('the golden transcripts', () => {
  it.each(['60x20', '80x24', '120x40', 'tasks-60x20', 'tasks-80x24'])(
    'of %s stay below the screen and hold no control characters',
    (size) => {
      const text = readFileSync(golden(`review-${size}.txt`), 'utf8')
      expect(text).not.toMatch(/(?!\n)\p{Cc}/u)
      for (const screen of text.split(/^=== .*\n/m))
        expect(screen.trimEnd().split('\n').length).toBeLessThan(40)
    },
  )
})
