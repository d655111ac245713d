import type { Switches } from './options.ts'
import { asksLogprobs, type LlmRequest, objectIn, type Refusal } from './request.ts'

/** What a request asks that the options say this model does not do, in OpenAI's words. */
export function refuseBySwitches(request: LlmRequest, switches: Switches): Refusal | null {
  const { body } = request
  if (switches.filters?.(request))
    return {
      status: 400,
      message: 'The response was filtered due to the prompt triggering the content management policy.',
      param: 'prompt',
      code: 'content_filter',
    }
  if (switches.rejectMaxTokens && body['max_tokens'] !== undefined)
    return unsupported('max_tokens', " Use 'max_completion_tokens' instead.")
  if (switches.rejectReasoningEffort && body['reasoning_effort'] !== undefined)
    return unsupported('reasoning_effort')
  if (switches.rejectTemperature && body['temperature'] !== undefined && body['temperature'] !== 1)
    return {
      status: 400,
      message: `Unsupported value: 'temperature' does not support ${JSON.stringify(body['temperature'])} with this model. Only the default (1) value is supported.`,
      param: 'temperature',
      code: 'unsupported_value',
    }
  if (asksLogprobs(request) && refusesLogprobs(switches, body['reasoning_effort']))
    return {
      status: 400,
      message: 'logprobs are not supported with reasoning models.',
      param: 'logprobs',
      code: 'unsupported_parameter',
    }
  if (switches.rejectJsonSchema && objectIn(body, 'response_format')['type'] === 'json_schema')
    return {
      status: 400,
      message: "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
      param: 'response_format',
    }
  return null
}

/** A prompt that leaves no room for the answer, in a message that each server wraps in its own way. */
export function refuseTooLong(
  { maxTokens }: LlmRequest,
  promptTokens: number,
  contextLength: number | undefined,
): Refusal | null {
  const asked = promptTokens + (maxTokens ?? 0)
  if (contextLength === undefined || asked <= contextLength) return null
  return {
    status: 400,
    message: `This model's maximum context length is ${contextLength} tokens. However, you requested ${asked} tokens (${promptTokens} in the messages, ${maxTokens ?? 0} in the completion). Please reduce the length of the messages or completion.`,
    param: 'messages',
    code: 'context_length_exceeded',
  }
}

function refusesLogprobs({ rejectLogprobs }: Switches, effort: unknown): boolean {
  return rejectLogprobs === 'unless-effort-none' ? effort !== 'none' : rejectLogprobs === true
}

function unsupported(param: string, advice = ''): Refusal {
  return {
    status: 400,
    message: `Unsupported parameter: '${param}' is not supported with this model.${advice}`,
    param,
    code: 'unsupported_parameter',
  }
}
