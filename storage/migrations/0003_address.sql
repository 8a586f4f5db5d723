-- Where Digi can speak: Teams tells it once, when Digi is installed or first met in a channel.
CREATE TABLE address (
    tenant TEXT NOT NULL, place TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (tenant, place)
);
