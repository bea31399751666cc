-- Taxiing takes some minutes and no five hours: otherwise a clock was read in the wrong zone.
SELECT carrier, flight, scheduled_at, left_at, landed_at FROM {{ ref('flights') }}
WHERE NOT landed_at BETWEEN left_at + INTERVAL 20 MINUTES AND left_at + INTERVAL 14 HOURS
