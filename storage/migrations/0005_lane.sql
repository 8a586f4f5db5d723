-- Which replica speaks in a workplace, and until when: order, a platform's limits and its wishes
-- to wait then live in one process. `token` counts who has held it. The empty tenant is the house:
-- its minutes and its nights.
CREATE TABLE lane (
    tenant TEXT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, token INTEGER NOT NULL,
    next_us INTEGER NOT NULL
);
