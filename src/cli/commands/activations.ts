import { resolve } from 'node:path'
import { Option } from 'commander'
import { escapeForTerminal } from '../../core/escape-terminal.ts'
import { UsageError } from '../../core/errors.ts'
import { Gpt2Model } from '../../model/gpt2-model.ts'
import { ByteLevelTokenizer } from '../../model/tokenizer.ts'
import { readTokens, tokensOfText, writeActivations } from '../../pipeline/activations.ts'
import { type CommandDefinition, terminalFor } from '../command.ts'
import { type CommonOptions, withCommonOptions } from '../options.ts'
import { resolveModel } from '../workspace.ts'

interface ActivationOptions extends CommonOptions {
  readonly model: string
  readonly text?: string
  readonly tokens?: string
  readonly hook: string[]
  readonly out: string
}

/** `gloss activations`: what a model computes for some tokens. */
export const activations: CommandDefinition = (parent, surroundings) => {
  const command = parent
    .command('activations')
    .description('write what a model computes for a text or token ids: hooks, logits, loss')
    .requiredOption(
      '--model <dir>',
      'folder of a Hugging Face checkpoint, or tiny-1l, which comes with gloss',
    )
    .addOption(new Option('--text <text>', 'text to tokenize; nothing is put before it').conflicts('tokens'))
    .addOption(
      new Option(
        '--tokens <file>',
        'token ids: JSON (an array of equally long arrays) or safetensors with tokens [B, T]',
      ),
    )
    .requiredOption('--hook <name...>', 'hooks to write; all for every hook')
    .requiredOption('--out <file>', 'the safetensors file to write')
    .addHelpText(
      'after',
      `
Writes tokens, each hook, logits and loss_per_token.

Example:
  gloss activations --model tiny-1l --text "GET / HTTP/1.1" --hook all \\
    --out activations.safetensors`,
    )
  withCommonOptions(command).action(async (options: ActivationOptions) => {
    const terminal = terminalFor(options, surroundings)
    if (options.text === undefined && options.tokens === undefined)
      throw new UsageError('tokens-missing', 'expected --text TEXT or --tokens FILE, found neither')
    const folder = resolveModel(options.model, surroundings.folder)
    const model = new Gpt2Model(folder, options.model)
    try {
      const batch =
        options.text === undefined
          ? readTokens(resolve(surroundings.folder, options.tokens!))
          : tokensOfText(new ByteLevelTokenizer(folder), options.text)
      const out = resolve(surroundings.folder, options.out)
      for await (const { done, total } of writeActivations(model, batch, options.hook, out))
        if (total > 1 && terminal.interactive) terminal.say(`${done} of ${total} sequences`)
      if (options.json) terminal.printJson({ out, rows: batch.rows, length: batch.length })
      else terminal.say(`${escapeForTerminal(options.out)}: ${batch.rows} × ${batch.length} tokens`)
    } finally {
      await model.close()
    }
  })
}
