-- Whoever has led a project, or been its leader's deputy, is refused its unnamed forms for good. A
-- status cannot say so: it changes when they are asked again. The default is for code of the
-- version before, which knows nothing of the column and leaves it as it is.
ALTER TABLE role ADD COLUMN led INTEGER NOT NULL DEFAULT 0;
UPDATE role SET led = 1 WHERE role IN ('leader', 'deputy') AND status IN ('confirmed', 'was');
