import { CREATED, type Dialect, type DialectSettings, freshUuid, type Reply } from './dialect.ts'
import { bodyAsOpenAi, errorAsOpenAi, refuseAsOpenAi } from './openai.ts'

/** Azure's OpenAI service, v1 paths: OpenAI's bodies behind a gateway with errors of its own. */
export function azureDialect(settings: DialectSettings): Dialect {
  return {
    base: '/openai/v1',
    posts: { '/openai/v1/chat/completions': 'chat', '/openai/v1/completions': 'completion' },
    guards: () => true,
    unauthorized: () =>
      gatewayError(
        401,
        '401',
        'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.',
      ),
    unknownModel: () =>
      gatewayError(
        404,
        'DeploymentNotFound',
        'The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.',
      ),
    unknownPath: () => gatewayError(404, '404', 'Resource not found'),
    serve: (method, path) => (method === 'GET' && path === '/openai/v1/models' ? listModels(settings) : null),
    refuse: (request) => refuseAsOpenAi(request, settings),
    error: (refusal) =>
      refusal.status === 429 ? gatewayError(429, '429', refusal.message) : errorAsOpenAi(refusal),
    statusWhenFull: 429,
    headers: () => {
      const id = freshUuid()
      return {
        'apim-request-id': id,
        'x-request-id': id,
        'x-ms-region': 'East US',
        'x-ms-deployment-name': settings.models[0]!,
        'azureml-model-session': 'd000-00000000',
      }
    },
    sendsRateLimits: true,
    body: (request, generation) => ({
      ...bodyAsOpenAi(request, generation, settings),
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
    }),
  }
}

function gatewayError(status: number, code: string, message: string): Reply {
  return { status, body: { error: { code, message } } }
}

function listModels({ models, options }: DialectSettings): Reply {
  return {
    status: 200,
    body: {
      object: 'list',
      data: models.map((id) => ({
        id,
        object: 'model',
        status: 'succeeded',
        created_at: CREATED,
        capabilities: { inference: true, completion: false, chat_completion: true, embeddings: false },
        lifecycle_status: 'generally-available',
        ...(options.shutdownDate === undefined ? {} : { deprecation: { inference: options.shutdownDate } }),
      })),
    },
  }
}
