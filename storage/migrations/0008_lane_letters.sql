-- A lane claims its own letters and timers are claimed apart from them, so that neither looks at
-- what waits in other workplaces.
CREATE INDEX letter_lane ON letter (tenant, next_us, due_us, seq)
    WHERE kind <> 'timer' AND state <> 'dead';
CREATE INDEX letter_timer ON letter (next_us, due_us, seq) WHERE kind = 'timer' AND state <> 'dead';
