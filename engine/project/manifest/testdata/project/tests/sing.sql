select * from {{ ref('b') }} where id is null
