-- The question, once a flight: will it arrive more than half an hour late? It is asked two hours before the
-- scheduled departure, at decided_at. What stands here is known long before: the timetable, the calendar,
-- the aircraft.
{{ config(materialized='table') }}
{% set holidays = ['2013-01-01', '2013-01-21', '2013-02-18', '2013-05-27', '2013-07-04', '2013-09-02', '2013-10-14',
                   '2013-11-11', '2013-11-28', '2013-12-25', '2014-01-01'] %}

SELECT f.carrier, f.flight, f.origin, f.dest, f.tailnum, f.scheduled_at,
  f.scheduled_at - INTERVAL 2 HOURS AS decided_at,
  f.arr_delay > 30 AS late,
  f.distance,
  date_diff('minute', local::DATE, local) AS minute_of_day,
  isodow(local) AS weekday,
  least({% for day in holidays %}abs(local::DATE - DATE '{{ day }}'){{ ', ' if not loop.last }}{% endfor %}) AS days_from_holiday,
  count(*) OVER (PARTITION BY f.origin, date_trunc('hour', f.scheduled_at)) AS origin_scheduled,
  2013 - p.year AS plane_age,
  p.seats AS plane_seats
FROM (SELECT *, timezone('America/New_York', timezone('UTC', scheduled_at)) AS local FROM {{ ref('flights') }}) f
LEFT JOIN {{ ref('raw_planes') }} p USING (tailnum)
