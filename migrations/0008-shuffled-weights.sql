-- The seed by which the model's weights were shuffled before the set was made; null for the model as it is.
ALTER TABLE feature_set ADD COLUMN shuffled_seed INTEGER;
