import { CONTROLS } from '../core/scores.ts'
import type { Column, ColumnType } from './table.ts'

/** The tables that can be exported, in the order in which they are written. */
export const TABLE_NAMES = [
  'features',
  'explanations',
  'scores',
  'human_scores',
  'ratings',
  'examples',
  'rating_events',
  'vocabulary',
] as const
/** One of {@link TABLE_NAMES}. */
export type TableName = (typeof TABLE_NAMES)[number]
/** Those that are written only where they are asked for: large, or the log behind another. */
export const SPECIAL_TABLES: readonly TableName[] = ['examples', 'rating_events', 'vocabulary']

function column(name: string, type: ColumnType, description: string, unit: string | null = null): Column {
  return { name, type, unit, description }
}

const OF_SET = [
  column('set', 'string', 'feature set'),
  column(
    'set_kind',
    'string',
    'sae, neurons, random, shuffled (an autoencoder on shuffled weights) or imported',
  ),
  column('hook', 'string', 'place in the model, in the names of TransformerLens'),
]

const FEATURE = column('feature', 'integer', 'feature of the set, counted from 0')

const OF_FEATURE = [
  column('density', 'number', 'share of the eligible tokens on which the feature fires', 'share'),
  column('max', 'number', 'largest activation in the collection'),
  column('token_share', 'number', 'η²: share of the variance of activations that the token decides', 'share'),
  column('single_token', 'boolean', 'whether the strongest token is the same in the 20 strongest windows'),
]

const OF_EXPLANATION = [
  column('explanation_id', 'string', 'hash of everything that decides the explanation'),
  column(
    'explainer',
    'string',
    'what explained; table and bigram are baselines without an LLM; a name that begins with imported: is of explanations ' +
      'made elsewhere',
  ),
  column('explainer_llm', 'string', 'model that explained; null for a baseline'),
  column('explanation', 'string', 'the text; null where none could be read'),
  column('explanation_problem', 'string', 'why there is no text: callFailed or unreadable'),
]

const OF_CONTROLS = CONTROLS.flatMap((name) => [
  column(`control_${name}`, 'number', `the same score for the control ${name}`),
  column(`gain_${name}`, 'number', `score minus the control ${name} on the same answered examples`),
  column(`gain_${name}_low`, 'number', `lower end of the paired 95 % interval of gain_${name}`),
  column(`gain_${name}_high`, 'number', `upper end of the paired 95 % interval of gain_${name}`),
  column(`p_${name}`, 'number', '(1 + resamples with a gain of 0 or less) / (1 + resamples)', 'probability'),
])

const INTERVAL = [
  column('low', 'number', 'lower end of the 95 % bootstrap interval'),
  column('high', 'number', 'upper end of the 95 % bootstrap interval'),
]

const PROVENANCE = [
  column('model', 'string', 'subject model'),
  column('weights_hash', 'string', "SHA-256 of the subject model's weights"),
  column('tokenizer_hash', 'string', "SHA-256 of the tokenizer's definition"),
  column('corpus_hash', 'string', 'SHA-256 of the tokenized corpus'),
  column('set_hash', 'string', "SHA-256 of the feature set's weights"),
  column('protocol_hash', 'string', "SHA-256 of the protocol's file"),
  column('prompt', 'string', 'name of the prompt'),
  column('prompt_hash', 'string', "SHA-256 of the prompt's file"),
  column('seed', 'integer', 'what all chance was drawn from'),
  column('version', 'string', 'version of gloss that made the row'),
  column('provenance_id', 'string', 'hash of the columns from model to version'),
]

const COST = column(
  'explanation_usd',
  'number',
  'cost of the request that explained; 0 where no LLM was asked, null where the price is not known, as it is of imported explanations. Requests that score ' +
    'are not told apart by score: the manifest has their cost by stage and model',
  'US dollars',
)

/** The columns of every table, described. */
export const TABLES: Readonly<Record<TableName, readonly Column[]>> = {
  features: [
    ...OF_SET,
    FEATURE,
    column(
      'state',
      'string',
      'alive; dead (no eligible token fires it); tooRare for the protocol last sampled',
    ),
    ...OF_FEATURE,
    column('firings', 'integer', 'eligible tokens on which it fires', 'tokens'),
    column('histogram', 'integers', 'firings in bins of equal width over (0, max]', 'tokens'),
    column('top_tokens', 'strings', 'tokens whose logit the feature raises most, strongest first'),
    column('top_token_ids', 'integers', 'ids of those tokens, in the table vocabulary'),
    column(
      'top_effects',
      'numbers',
      'what it adds to those logits along the direct path; median 0',
      'logits',
    ),
    column('bottom_tokens', 'strings', 'tokens whose logit it lowers most, strongest first'),
    column('bottom_token_ids', 'integers', 'ids of those tokens, in the table vocabulary'),
    column('bottom_effects', 'numbers', 'what it adds to those logits', 'logits'),
  ],
  explanations: [
    ...OF_SET,
    FEATURE,
    ...OF_EXPLANATION,
    COST,
    column('scores', 'integer', 'rows of this explanation in the table scores', 'rows'),
    ...PROVENANCE,
  ],
  scores: [
    ...OF_SET,
    FEATURE,
    ...OF_FEATURE,
    ...OF_EXPLANATION,
    column('score_id', 'string', 'hash of everything that decides the score'),
    column('scorer', 'string', 'scorer, or scorer.statistic for another statistic of the same replies'),
    column(
      'protocol',
      'string',
      'recipe of examples and scores; scores of different protocols do not compare; a name that begins with imported: is ' +
        'of scores made elsewhere, which were not computed again here',
    ),
    column('tier', 'string', 'how answers were read; scores of different tiers do not compare'),
    column('value', 'number', 'the score; null exactly where undefined says why, never 0 for a missing one'),
    ...INTERVAL,
    column('n', 'integer', 'tokens (simulation) or questions that were scored', 'count'),
    column('undefined', 'string', 'why there is no value'),
    column('flag', 'string', 'constantPrediction: the value is its rule for a constant answer'),
    column('ceiling', 'number', 'the same statistic of the quantized truth'),
    column(
      'digit_mass',
      'number',
      'mean probability on the digits of the scale, with log-probabilities',
      'share',
    ),
    column('examples_answered', 'integer', 'examples with an answer', 'examples'),
    column('examples_drawn', 'integer', 'examples that were asked about', 'examples'),
    column('coverage', 'json', 'answered and drawn examples by slice', 'examples'),
    column('failed_calls', 'integer', 'calls for the score that got no reply', 'calls'),
    column('failed_control_calls', 'integer', 'calls for its controls that got no reply', 'calls'),
    column('unreadable_calls', 'integer', 'replies in which an answer was missing', 'calls'),
    column('scorer_llm', 'string', 'model that scored; null for the token table'),
    ...OF_CONTROLS,
    COST,
    ...PROVENANCE,
  ],
  human_scores: [
    ...OF_SET,
    FEATURE,
    ...OF_FEATURE,
    ...OF_EXPLANATION,
    column('session', 'string', 'rating session whose task was done'),
    column('rater', 'string', 'who did it; every rater has a score of their own'),
    column('item', 'string', 'code of the item in the session'),
    column('scorer', 'string', 'scorer whose questions were answered, or scorer.statistic'),
    column('protocol', 'string', 'recipe of the examples that the questions are about'),
    column(
      'value',
      'number',
      'the same statistic as that scorer has in scores, on fewer questions; null exactly where undefined says why',
    ),
    ...INTERVAL,
    column('n', 'integer', 'questions that were answered', 'count'),
    column('undefined', 'string', 'why there is no value'),
    column('flag', 'string', 'constantPrediction: the same answer to every question'),
    column('coverage', 'json', 'answered and asked questions by class', 'questions'),
    column('control_constant', 'number', 'what a constant answer scores: chance'),
    column('gain_constant', 'number', 'score minus chance'),
    column('gain_constant_low', 'number', 'lower end of the 95 % interval of gain_constant'),
    column('gain_constant_high', 'number', 'upper end of the 95 % interval of gain_constant'),
  ],
  ratings: [
    column('session', 'string', 'rating session'),
    column('rubric', 'string', 'what was asked'),
    column('rubric_hash', 'string', "SHA-256 of the rubric's file"),
    column('rater', 'string', 'who rated'),
    column('item', 'string', 'opaque code of what was rated, in its session'),
    column(
      'role',
      'string',
      'rating; repeat (the same once more); check (with the explanation of another feature)',
    ),
    column('repeat_of', 'string', 'item that a repeat is the same as'),
    column('set', 'string', 'feature set'),
    column('kind', 'string', 'feature, neuron, random or imported; raters do not see it'),
    FEATURE,
    column('explanation_id', 'string', 'explanation that the rater is shown'),
    column('explanation_of', 'integer', 'feature that this explanation is about'),
    column('revealed', 'boolean', 'whether the rater has seen it'),
    column('standing', 'string', 'submitted, skipped or open; only what is submitted counts'),
    column('skipped_because', 'string', "the rater's reason"),
    column('flagged', 'boolean', 'whether the rater marked the item'),
    column('comment', 'string', "the rater's"),
    column('seconds', 'number', 'time spent on the item; a pause counts as two minutes at most', 'seconds'),
    column('measure', 'string', 'field or total of the rubric'),
    column('measure_kind', 'string', 'score, text or total'),
    column('part', 'string', 'group of examples, or example, that is rated; null for the feature as a whole'),
    column(
      'answer',
      'string',
      'given; fixed (follows from another answer); inapplicable; missing; computed (a total)',
    ),
    column('value', 'number', 'the score; null where there is none, never 0 for a missing one'),
    column('most', 'integer', 'the highest score there is'),
    column('text', 'string', 'the answer to a question of text; an empty one says: none'),
  ],
  examples: [
    column('set', 'string', 'feature set'),
    FEATURE,
    column('protocol', 'string', 'recipe by which the example was drawn'),
    column('use', 'string', 'explain, score or choose; the uses share no document'),
    column('slice', 'string', "part of the feature's range: top, interval k, random, other or negative"),
    column('document', 'string', 'document that the context is of'),
    column('register', 'string', 'kind of text, where the corpus says so'),
    column('context', 'integer', 'context of the collection'),
    column('position', 'integer', 'place of the nominal token in its context', 'tokens'),
    column('nominal', 'integer', 'index of the nominal token in the window', 'tokens'),
    column('silent', 'boolean', 'whether the feature is silent on the nominal token'),
    column('token_ids', 'integers', "the window's tokens"),
    column(
      'tokens',
      'strings',
      'the same as texts; a character cut into several tokens belongs to the first',
    ),
    column('activations', 'numbers', 'activation on every token, not quantized'),
  ],
  rating_events: [
    column('event_id', 'string', 'globally unique id of the event'),
    column('session', 'string', 'rating session'),
    column('rater', 'string', 'who rated'),
    column('item', 'string', 'opaque code of what was rated'),
    column('kind', 'string', 'set, clear, submit, skip, flag, comment, undo, redo or reveal'),
    column('payload', 'json', 'what the event says'),
    column('created', 'string', 'when, as ISO 8601'),
  ],
  vocabulary: [
    column('set', 'string', 'feature set'),
    column('token_id', 'integer', 'token, as in token_ids, top_token_ids and bottom_token_ids'),
    column('text', 'string', 'its text; bytes of a cut character appear as \\xE2'),
    column('bytes', 'string', 'its UTF-8 bytes in hexadecimal, two digits each'),
    column('count', 'integer', 'eligible tokens of the collection that are this one', 'tokens'),
  ],
}
