-- The features of `known`, but those about delays by event time.
{{ config(materialized='table') }}

SELECT k.* REPLACE (
    o.origin_dep_1h AS origin_dep_1h, o.origin_dep_3h AS origin_dep_3h, o.origin_dep_late_3h AS origin_dep_late_3h,
    o.origin_arr_3h AS origin_arr_3h, o.origin_late_6h AS origin_late_6h, s.desk_dep_3h AS desk_dep_3h, s.desk_dep_6h AS desk_dep_6h,
    c.carrier_arr_6h AS carrier_arr_6h, c.carrier_arr_1d AS carrier_arr_1d,
    d.dest_arr_3h AS dest_arr_3h, d.dest_arr_12h AS dest_arr_12h, r.route_arr_1d AS route_arr_1d)
FROM {{ ref('known') }} k
POINT IN TIME JOIN {{ ref('tempting_origin') }} o AS OF k.decided_at ON k.origin = o.origin
POINT IN TIME JOIN {{ ref('tempting_desk') }} s AS OF k.decided_at ON k.origin = s.origin AND k.carrier = s.carrier
POINT IN TIME JOIN {{ ref('tempting_carrier') }} c AS OF k.decided_at ON k.carrier = c.carrier
POINT IN TIME JOIN {{ ref('tempting_dest') }} d AS OF k.decided_at ON k.dest = d.dest
POINT IN TIME JOIN {{ ref('tempting_route') }} r AS OF k.decided_at ON k.origin = r.origin AND k.dest = r.dest
