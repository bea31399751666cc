-- All features of all flights, each as it was known at decided_at.
{{ config(materialized='table') }}

SELECT d.*,
  od.* EXCLUDE (origin_left_1h, origin_left_3h),
  due.origin_cancelled_6h,
  due.origin_due_1h - od.origin_left_1h AS origin_waiting_1h,
  due.origin_due_3h - od.origin_left_3h AS origin_waiting_3h,
  desk.*, oa.*, ca.*, da.*, ra.*, na.*,
  ta.* EXCLUDE (tail_landed),
  (epoch(d.decided_at) - ta.tail_landed) / 3600 AS tail_idle,
  w.* EXCLUDE (observed_at)
FROM {{ ref('departures') }} d
POINT IN TIME JOIN {{ ref('origin_due') }} due AS OF d.decided_at ON d.origin = due.origin
POINT IN TIME JOIN {{ ref('origin_departures') }} od AS OF d.decided_at ON d.origin = od.origin
POINT IN TIME JOIN {{ ref('desk_departures') }} desk AS OF d.decided_at ON d.origin = desk.origin AND d.carrier = desk.carrier
POINT IN TIME JOIN {{ ref('origin_arrivals') }} oa AS OF d.decided_at ON d.origin = oa.origin
POINT IN TIME JOIN {{ ref('carrier_arrivals') }} ca AS OF d.decided_at ON d.carrier = ca.carrier
POINT IN TIME JOIN {{ ref('dest_arrivals') }} da AS OF d.decided_at ON d.dest = da.dest
POINT IN TIME JOIN {{ ref('route_arrivals') }} ra AS OF d.decided_at ON d.origin = ra.origin AND d.dest = ra.dest
POINT IN TIME JOIN {{ ref('number_arrivals') }} na AS OF d.decided_at ON d.carrier = na.carrier AND d.flight = na.flight AND d.origin = na.origin
POINT IN TIME JOIN {{ ref('tail_arrivals') }} ta AS OF d.decided_at ON d.tailnum = ta.tailnum
POINT IN TIME JOIN {{ ref('weather_now') }} w AS OF d.decided_at ON d.origin = w.origin
