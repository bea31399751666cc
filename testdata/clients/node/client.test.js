// node-postgres: simple and extended protocol, cursor, stream, COPY, pool, LISTEN.
// PGHOST, PGPORT, PGUSER and PGDATABASE say where the server is.
'use strict';
const test = require('node:test');
const assert = require('node:assert/strict');
const { pipeline } = require('node:stream/promises');
const { Readable } = require('node:stream');
const { Client, Pool } = require('pg');
const Cursor = require('pg-cursor');
const QueryStream = require('pg-query-stream');
const copy = require('pg-copy-streams');

async function connected(body) {
  const c = new Client();
  await c.connect();
  try {
    await body(c);
  } finally {
    await c.end();
  }
}

test('types round trip as parameters', () => connected(async (c) => {
  const when = new Date('2024-02-29T12:34:56.789Z');
  const r = await c.query(
    'SELECT $1::boolean AS b, $2::integer AS i, $3::bigint AS l, $4::double precision AS d, $5::numeric(10,2) AS n, $6::text AS t,' +
    ' $7::bytea AS y, $8::timestamptz AS z, $9::integer[] AS a, $10::text[] AS ta, $11::json AS j, $12::integer AS nothing',
    [true, -3, '9007199254740993', 0.1, '12.50', 'ünï\'"\\', Buffer.from([0, 255]), when, [1, null, 3], ['a,b', ''], { k: [1] }, null]);
  const v = r.rows[0];
  assert.deepEqual({ ...v, z: v.z.toISOString(), y: [...v.y] }, {
    b: true, i: -3, l: '9007199254740993', d: 0.1, n: '12.50', t: 'ünï\'"\\', y: [0, 255], z: when.toISOString(),
    a: [1, null, 3], ta: ['a,b', ''], j: { k: [1] }, nothing: null });
  assert.deepEqual(r.fields.slice(0, 3).map((f) => [f.name, f.dataTypeID]), [['b', 16], ['i', 23], ['l', 20]]);
}));

test('named prepared statements', () => connected(async (c) => {
  for (let i = 0; i < 20; i++) {
    const r = await c.query({ name: 'twice', text: 'SELECT $1::int * 2 AS v', values: [i] });
    assert.equal(r.rows[0].v, 2 * i);
  }
}));

test('several statements in one query', () => connected(async (c) => {
  const r = await c.query('SELECT 1 AS a; SELECT 2 AS b; SELECT 3 AS c');
  assert.deepEqual(r.map((x) => x.rows[0]), [{ a: 1 }, { b: 2 }, { c: 3 }]);
}));

test('cursor reads in portions', () => connected(async (c) => {
  const cur = c.query(new Cursor('SELECT i FROM generate_series(1, 1000) AS g(i)'));
  let n = 0;
  for (;;) {
    const rows = await cur.read(128);
    if (rows.length === 0) break;
    n += rows.length;
  }
  assert.equal(n, 1000);
  await cur.close();
  assert.equal((await c.query('SELECT 7 AS v')).rows[0].v, 7);
}));

test('cursor closed half-way', () => connected(async (c) => {
  const cur = c.query(new Cursor('SELECT i FROM generate_series(1, 100000) AS g(i)'));
  assert.equal((await cur.read(10)).length, 10);
  await cur.close();
  assert.equal((await c.query('SELECT 8 AS v')).rows[0].v, 8);
}));

test('query stream', () => connected(async (c) => {
  let sum = 0;
  for await (const row of c.query(new QueryStream('SELECT i::int AS i FROM generate_series(1, $1::int) AS g(i)', [5000], { batchSize: 100 }))) sum += row.i;
  assert.equal(sum, 12502500);
}));

test('COPY both ways', () => connected(async (c) => {
  await c.query('CREATE TEMP TABLE node_copy (i integer, t text)');
  const lines = Array.from({ length: 2000 }, (_, i) => `${i}\tn${i}\n`);
  await pipeline(Readable.from(lines), c.query(copy.from('COPY node_copy FROM STDIN')));
  assert.equal((await c.query('SELECT count(*)::int AS n FROM node_copy')).rows[0].n, 2000);
  const out = [];
  for await (const chunk of c.query(copy.to('COPY (SELECT * FROM node_copy ORDER BY i) TO STDOUT'))) out.push(chunk);
  assert.equal(Buffer.concat(out).toString(), lines.join(''));
}));

test('transaction, error and position', () => connected(async (c) => {
  await c.query('BEGIN');
  await assert.rejects(c.query('SELECT * FROM missing_node'), (e) => e.code === '42P01' && e.position === '15' && e.severity === 'ERROR');
  await assert.rejects(c.query('SELECT 1'), (e) => e.code === '25P02');
  await c.query('ROLLBACK');
  await assert.rejects(c.query('SELECT $1::int', ['x']), (e) => e.code === '22P02');
  assert.equal((await c.query('SELECT 1 AS v')).rowCount, 1);
}));

test('LISTEN and NOTIFY', () => connected(async (c) => {
  const got = new Promise((resolve) => c.on('notification', resolve));
  await c.query('LISTEN node_chan');
  await connected((d) => d.query("NOTIFY node_chan, 'hi'"));
  const n = await got;
  assert.deepEqual([n.channel, n.payload], ['node_chan', 'hi']);
}));

test('pool', async () => {
  const pool = new Pool({ max: 8 });
  const r = await Promise.all(Array.from({ length: 100 }, (_, i) => pool.query('SELECT $1::int AS v', [i])));
  assert.deepEqual(r.map((x) => x.rows[0].v), Array.from({ length: 100 }, (_, i) => i));
  await pool.end();
});

test('statement timeout', async () => {
  const c = new Client({ statement_timeout: 200 });
  await c.connect();
  await assert.rejects(c.query('SELECT count(*) FROM generate_series(1, 3000000) a(i), generate_series(1, 3000000) b(j) WHERE i + j = 7'), (e) => e.code === '57014');
  await c.end();
});
