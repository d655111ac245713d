import { expect, it } from 'vitest'
import { describeIssues } from '../../src/core/parse.ts'
import { studyConfigSchema } from '../../src/core/study-config.ts'

const read = (llm: object) => studyConfigSchema.safeParse({ model: 'm', hook: 'h', llm })

it("keeps a server's own parameters as they are", () => {
  const parameters = {
    repeat_penalty: 1,
    chat_template_kwargs: { enable_thinking: false, stop: ['a', null] },
  }
  expect(read({ parameters }).data?.llm.parameters).toEqual(parameters)
  expect(read({}).data?.llm.parameters).toEqual({})
})

it.each(['model', 'messages', 'max_tokens', 'temperature', 'stream'])(
  'refuses %s as a parameter, which gloss sets itself',
  (name) => {
    const { error } = read({ parameters: { [name]: 1 } })
    expect(describeIssues(error!)).toContain(`llm.parameters.${name}`)
    expect(describeIssues(error!)).toContain('found one that gloss sets itself')
  },
)
