import { spawn } from 'node:child_process'

const OPENERS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

/** Shows a file in the program that the system has for it; where there is none, nothing happens. */
export function openWithSystem(path: string): void {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...args, path], { detached: true, stdio: 'ignore' })
  child.on('error', () => {})
  child.unref()
}
