//! tokio-postgres: extended protocol, binary formats, pipelining, COPY, cancel.
//! PGHOST, PGPORT, PGUSER and PGDATABASE say where the server is.
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use futures_util::{pin_mut, SinkExt, StreamExt, TryStreamExt};
use std::env;
use tokio_postgres::{error::SqlState, types::Type, Client, NoTls};
use uuid::Uuid;

async fn connect() -> Client {
    let dsn = format!(
        "host={} port={} user={} dbname={}",
        env::var("PGHOST").unwrap_or("127.0.0.1".into()),
        env::var("PGPORT").unwrap(),
        env::var("PGUSER").unwrap_or("postgres".into()),
        env::var("PGDATABASE").unwrap_or("postgres".into())
    );
    let (client, connection) = tokio_postgres::connect(&dsn, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

const LONG: &str =
    "SELECT count(*) FROM generate_series(1, 3000000) a(i), generate_series(1, 3000000) b(j) WHERE i + j = 7";

#[tokio::test]
async fn types_round_trip() {
    let c = connect().await;
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let at: NaiveDateTime = day.and_hms_micro_opt(1, 2, 3, 4).unwrap();
    let utc: DateTime<Utc> = at.and_utc();
    let id = Uuid::new_v4();
    let list = vec![Some(1i32), None, Some(3)];
    let none: Option<i32> = None;
    let row = c
        .query_one(
            "SELECT $1::bool, $2::int2, $3::int4, $4::int8, $5::float4, $6::float8, $7::text, $8::bytea, $9::date, $10::timestamp,
             $11::timestamptz, $12::uuid, $13::int4[], $14::int4, $15::time, $16::json",
            &[
                &true, &-1i16, &2i32, &i64::MIN, &0.5f32, &0.1f64, &"ünï", &vec![0u8, 255], &day, &at, &utc, &id, &list, &none,
                &NaiveTime::from_hms_opt(1, 2, 3).unwrap(), &serde_json::json!({"a": [1, null]}),
            ],
        )
        .await
        .unwrap();
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, i16>(1), -1);
    assert_eq!(row.get::<_, i32>(2), 2);
    assert_eq!(row.get::<_, i64>(3), i64::MIN);
    assert_eq!(row.get::<_, f32>(4), 0.5);
    assert_eq!(row.get::<_, f64>(5), 0.1);
    assert_eq!(row.get::<_, &str>(6), "ünï");
    assert_eq!(row.get::<_, Vec<u8>>(7), vec![0, 255]);
    assert_eq!(row.get::<_, NaiveDate>(8), day);
    assert_eq!(row.get::<_, NaiveDateTime>(9), at);
    assert_eq!(row.get::<_, DateTime<Utc>>(10), utc);
    assert_eq!(row.get::<_, Uuid>(11), id);
    assert_eq!(row.get::<_, Vec<Option<i32>>>(12), list);
    assert_eq!(row.get::<_, Option<i32>>(13), None);
    assert_eq!(row.get::<_, NaiveTime>(14), NaiveTime::from_hms_opt(1, 2, 3).unwrap());
    assert_eq!(row.get::<_, serde_json::Value>(15), serde_json::json!({"a": [1, null]}));
}

#[tokio::test]
async fn prepare_knows_types() {
    let c = connect().await;
    let s = c.prepare("SELECT $1::int4 AS a, $2::text AS b").await.unwrap();
    assert_eq!(s.params(), &[Type::INT4, Type::TEXT]);
    assert_eq!(s.columns().iter().map(|x| x.name()).collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn pipelined_queries() {
    let c = connect().await;
    let s = c.prepare("SELECT $1::int4 * 2").await.unwrap();
    let futures = (0..200i32).map(|i| {
        let (c, s) = (&c, &s);
        async move { c.query_one(s, &[&i]).await.unwrap().get::<_, i32>(0) }
    });
    let got = futures_util::future::join_all(futures).await;
    assert_eq!(got, (0..200).map(|i| 2 * i).collect::<Vec<_>>());
}

#[tokio::test]
async fn portals_and_streams() {
    let mut c = connect().await;
    let t = c.transaction().await.unwrap();
    let portal = t.bind("SELECT i FROM generate_series(1, 1000) AS g(i)", &[]).await.unwrap();
    assert_eq!(t.query_portal(&portal, 10).await.unwrap().len(), 10);
    assert_eq!(t.query_portal(&portal, 0).await.unwrap().len(), 990);
    let rows = t.query_raw("SELECT i FROM generate_series(1, 500) AS g(i)", &[] as &[i32]).await.unwrap();
    pin_mut!(rows);
    let mut n = 0;
    while rows.try_next().await.unwrap().is_some() {
        n += 1;
    }
    assert_eq!(n, 500);
    t.rollback().await.unwrap();
}

#[tokio::test]
async fn copy_both_ways() {
    let c = connect().await;
    c.batch_execute("CREATE TEMP TABLE rust_copy (i integer, t text)").await.unwrap();
    let sink = c.copy_in("COPY rust_copy FROM STDIN").await.unwrap();
    pin_mut!(sink);
    for i in 0..100 {
        sink.send(Bytes::from(format!("{i}\tn{i}\n"))).await.unwrap();
    }
    assert_eq!(sink.finish().await.unwrap(), 100);
    let out = c.copy_out("COPY (SELECT i FROM rust_copy ORDER BY i LIMIT 2) TO STDOUT").await.unwrap();
    let bytes: Vec<Bytes> = out.map(|b| b.unwrap()).collect().await;
    assert_eq!(bytes.concat(), b"0\n1\n");
}

#[tokio::test]
async fn errors_and_transactions() {
    let mut c = connect().await;
    let e = c.query("SELECT * FROM missing_rust", &[]).await.unwrap_err();
    assert_eq!(e.code(), Some(&SqlState::UNDEFINED_TABLE));
    let t = c.transaction().await.unwrap();
    t.batch_execute("CREATE TABLE rust_tx (i integer PRIMARY KEY)").await.unwrap();
    drop(t);
    assert!(c.query("SELECT * FROM rust_tx", &[]).await.is_err());
    assert_eq!(c.query_one("SELECT 1", &[]).await.unwrap().get::<_, i32>(0), 1);
}

#[tokio::test]
async fn cancels() {
    let c = connect().await;
    let token = c.cancel_token();
    let query = c.query(LONG, &[]);
    let cancel = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        token.cancel_query(NoTls).await.unwrap();
    };
    let (got, _) = tokio::join!(query, cancel);
    assert_eq!(got.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
    assert_eq!(c.query_one("SELECT 5", &[]).await.unwrap().get::<_, i32>(0), 5);
}
