import { existsSync, mkdirSync } from 'node:fs'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { UsageError } from '../../core/errors.ts'
import { Gpt2Model } from '../../model/gpt2-model.ts'
import { bundledModelFolder } from '../assets.ts'
import { type CommandDefinition, terminalFor } from '../command.ts'
import { type StudyOptions, withCommonOptions, withOptions } from '../options.ts'
import { findProtocol } from '../protocols.ts'
import { CONFIG_FILE, openWorkspaceStore, resolveModel, writeConfig } from '../workspace.ts'

/** `gloss init [DIR]`: a new study. */
export const init: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('init')
    .argument('[dir]', 'folder of the new study', '.')
    .description('begin a study: writes gloss.yaml and gloss.db')
    .addHelpText(
      'after',
      '\nExample:\n  gloss init study --model ./gpt2 --hook blocks.6.mlp.hook_post --corpus texts/',
    )
  withOptions(withCommonOptions(command), 'model', 'corpus', 'sample', 'seed').action(
    async (dir: string, options: StudyOptions) => {
      const terminal = terminalFor(options, surroundings)
      const workspace = resolve(surroundings.folder, options.workspace ?? dir)
      if (existsSync(join(workspace, CONFIG_FILE)))
        throw new UsageError(
          'workspace-exists',
          `${workspace} holds a study already; edit its ${CONFIG_FILE}, or name another folder`,
        )
      const name = options.model ?? 'tiny-1l'
      const model = new Gpt2Model(resolveModel(name, surroundings.folder), name)
      const hook = options.hook ?? `blocks.${Math.floor(model.layers / 2)}.mlp.hook_post`
      if (!model.hooks.has(hook))
        throw new UsageError(
          'hook-unknown',
          `expected a hook of ${name}, found ${JSON.stringify(hook)}; its hooks are, for instance, ${[...model.hooks.keys()].slice(0, 8).join(', ')}`,
        )
      await model.close()

      mkdirSync(workspace, { recursive: true })
      const protocol =
        options.protocol === undefined
          ? {}
          : { protocol: findProtocol(options.protocol, workspace, surroundings.folder).name }
      const bundled = bundledModelFolder(name) !== null && !existsSync(resolve(surroundings.folder, name))
      const corpus = (options.corpus ?? []).map((path) => fromWorkspace(workspace, surroundings.folder, path))
      writeConfig(workspace, {
        model: bundled ? name : fromWorkspace(workspace, surroundings.folder, name),
        hook,
        corpus,
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        ...protocol,
      })
      openWorkspaceStore(workspace, true).close()
      if (options.json) terminal.printJson({ workspace, model: name, hook, corpus })
      else
        terminal.print(
          escapeForTerminal(`study in ${workspace}: ${name} at ${hook}`),
          corpus.length > 0
            ? 'next: gloss run'
            : `next: add text under "corpus" in ${CONFIG_FILE}, then gloss run`,
        )
    },
  )
}

/** A path as gloss.yaml should name it: relative to the study, unless it was absolute. */
function fromWorkspace(workspace: string, folder: string, path: string): string {
  return isAbsolute(path) ? path : relative(workspace, resolve(folder, path)) || '.'
}
