-- A person's own answer, and how many have answered, among as many as there are.
CREATE INDEX record_mine ON record (tenant, project, kind, ref, person, at_us);
