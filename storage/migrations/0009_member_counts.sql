-- 1 where the platform has said that this member is a person: only those count
-- toward a threshold. Who is there already counts again as soon as they are looked up at the start.
ALTER TABLE member ADD COLUMN counts INTEGER NOT NULL DEFAULT 0;
