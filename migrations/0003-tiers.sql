-- Mean probability that fell on the digits of the scale, where predictions were read from log-probabilities.
ALTER TABLE score ADD COLUMN digit_mass REAL;
