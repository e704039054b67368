#!/usr/bin/env node
// Measures Emmett's event store on PostgreSQL, for the lines that annals-bench writes.
//
// Callers are asynchronous loops in one process of Node, each with a connection of its own from the
// store's pool, as a program that uses Emmett would have them. Projections are its consumer with a
// projector of SQL, as they come: 100 events and their checkpoint in a transaction; the table has as
// many rows as the workload's name says. Needs the packages @event-driven-io/emmett-postgresql and pg
// below --packages: `make bench-postgres` gets them there.

import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const appends = { 'append-1': 1, 'append-16': 16, 'append-64': 64 };
const projections = { 'project-1': 1, 'project-10': 10, 'project-100000': 100_000 };

const { values: options, positionals: named } = parseArgs({
  options: {
    url: { type: 'string' }, // Of an empty database.
    packages: { type: 'string' },
    out: { type: 'string', default: 'results.jsonl' },
    seconds: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
    streams: { type: 'string', default: '10000' },
    categories: { type: 'string', default: '1' },
    'event-bytes': { type: 'string', default: '256' },
    events: { type: 'string', default: '5000' }, // To be projected in one run.
  },
  allowPositionals: true, // Workloads; all if none is named.
});
const number = (name) => Number(options[name]);

const fail = (why) => {
  console.error(`emmett_peer.mjs: ${why}; Emmett is not measured`);
  process.exit(1);
};

let emmett, pg, dumbo;
try {
  const find = createRequire(resolve(options.packages, 'package.json'));
  emmett = await import(pathToFileURL(find.resolve('@event-driven-io/emmett-postgresql')));
  pg = (await import(pathToFileURL(find.resolve('pg')))).default;
  dumbo = await import(pathToFileURL(find.resolve('@event-driven-io/dumbo')));
} catch (error) {
  fail(error.message);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const note = 'x'.repeat(Math.max(0, number('event-bytes') - 11));

async function append(callers, run) {
  const pool = new pg.Pool({ connectionString: options.url, max: callers });
  const store = emmett.getPostgreSQLEventStore(options.url, { connectionOptions: { pool } });
  await store.schema.migrate();
  const latencies = [];
  const each = Math.max(1, Math.floor(number('streams') / callers));
  const began = performance.now();
  const end = began + number('seconds') * 1000;
  const caller = async (index) => {
    for (let turn = 0, now = performance.now(); now < end; ++turn) {
      const stream = index + (turn % each) * callers;
      const version = Math.floor(turn / each);
      await store.appendToStream(
        `bench${stream % number('categories')}-${run}-${callers}-${stream}`,
        [{ type: 'note_taken', data: { note } }],
        { expectedStreamVersion: version === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(version) },
      );
      const then = now;
      now = performance.now();
      latencies.push((now - then) * 1000);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => caller(index)));
  const seconds = (performance.now() - began) / 1000;
  await store.close();
  await pool.end();
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return { rate: latencies.length / seconds, p50: at(0.5), p99: at(0.99) };
}

const unused = () => [...Array(8)].map(() => Math.floor(Math.random() * 36).toString(36)).join('');

async function project(rows) {
  const pool = new pg.Pool({ connectionString: options.url, max: 4 });
  const store = emmett.getPostgreSQLEventStore(options.url, { connectionOptions: { pool } });
  await store.schema.migrate();
  const name = `balances_${unused()}`;
  await pool.query(`CREATE TABLE ${name} (account text PRIMARY KEY, balance bigint NOT NULL, bookings bigint NOT NULL)`);
  await pool.query(`INSERT INTO ${name} SELECT i::text, 0, 0 FROM generate_series(1, ${rows}) i`);
  await pool.query('TRUNCATE emt_messages, emt_streams'); // Of earlier runs: it would read them first.
  let booked = 0;
  for (let log = 0; booked < number('events'); ++log) {
    const some = Array.from({ length: Math.min(500, number('events') - booked) }, () => ({
      type: 'booked', data: { account: String((++booked * 7919) % rows + 1), amount: 100 },
    }));
    await store.appendToStream(`${name}-${log}`, some, { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' });
  }
  // As its template would be called, with the table's name in the text.
  const upsert = [`INSERT INTO ${name} AS b VALUES (`, ', ', `, 1) ON CONFLICT (account) DO UPDATE
    SET balance = b.balance + excluded.balance, bookings = b.bookings + 1`];
  upsert.raw = upsert;
  const consumer = emmett.postgreSQLEventStoreConsumer({
    connectionString: options.url, stopWhen: { noMessagesLeft: true },
  });
  consumer.projector({
    projection: emmett.postgreSQLRawSQLProjection({
      name, canHandle: ['booked'],
      evolve: ({ data }) => dumbo.SQL(upsert, data.account, data.amount),
    }),
  });
  const began = performance.now();
  await consumer.start();
  const seconds = (performance.now() - began) / 1000;
  await consumer.close();
  const counted = Number((await pool.query(`SELECT sum(bookings) AS n FROM ${name}`)).rows[0].n);
  await pool.query(`DROP TABLE ${name}`);
  await store.close();
  await pool.end();
  if (counted !== booked) throw new Error(`${counted} of ${booked} events were projected`);
  return { rate: booked / seconds, p50: seconds * 1e6, p99: seconds * 1e6 };
}

const known = { ...appends, ...projections };
const unknown = named.find((name) => !(name in known));
if (unknown) fail(`no workload ${unknown}: there are ${Object.keys(known).join(' ')}`);
console.log('workload          callers   events/s     p50 us     p99 us');
for (const name of named.length > 0 ? named : Object.keys(known)) {
  const callers = appends[name] ?? 1;
  const runs = [];
  try {
    for (let run = 0; run < number('runs'); ++run) {
      runs.push(await (name in appends ? append(callers, run) : project(projections[name])));
    }
  } catch (error) {
    fail(error.message);
  }
  const line = {
    workload: name, engine: 'emmett', threads: callers, batch: 1, event_bytes: number('event-bytes'),
    streams: number('streams'), categories: number('categories'),
    events_per_second: Number(median(runs.map((run) => run.rate)).toFixed(1)),
    p50_us: Number(median(runs.map((run) => run.p50)).toFixed(2)),
    p99_us: Number(median(runs.map((run) => run.p99)).toFixed(2)),
    durability: 'synced', runs: number('runs'), seconds: number('seconds'), at: new Date().toISOString(),
  };
  appendFileSync(options.out, JSON.stringify(line) + '\n');
  console.log(`${name.padEnd(16)} ${String(callers).padStart(8)} ${String(Math.round(line.events_per_second)).padStart(10)}`
    + ` ${line.p50_us.toFixed(1).padStart(10)} ${line.p99_us.toFixed(1).padStart(10)}`);
}
console.log('emmett: its event store, called from Node in one process.');
