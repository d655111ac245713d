-- What a list of all features reads stands in indexes by itself: rows also hold histograms, logits and coverages, which
-- are ten times as long.
CREATE INDEX feature_numbers ON feature (set_id, id, density, max, state, token_share);
DROP INDEX explanation_by_feature;
CREATE INDEX explanation_by_feature ON explanation (set_id, feature_id, explainer, llm);
DROP INDEX score_by_explanation;
CREATE INDEX score_by_explanation ON score (explanation_id, scorer, protocol, tier, value);
