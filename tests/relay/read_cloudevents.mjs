// Reads a topic to its end with KafkaJS, decodes its records with the public CloudEvents SDK, and prints a
// JSON line for each: what the SDK made of it ("event", its data in base64), or why not ("refused"), and the
// headers that are none of CloudEvents'.
//
//   node read_cloudevents.mjs FOLDER BROKERS TOPIC
//
// FOLDER is where npm has put the packages cloudevents and kafkajs.
import { createRequire } from "node:module";
import path from "node:path";

const [folder, brokers, topic] = process.argv.slice(2);
const load = createRequire(path.join(folder, "none.js"));
const { Kafka: Binding } = load("cloudevents");
const { Kafka, logLevel } = load("kafkajs");

const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
const open = new Map(); // partition → the offset behind its last record
for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
  if (high !== low) open.set(partition, BigInt(high));
}
await admin.disconnect();

function decoded(message) {
  const headers = Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, value.toString("utf8")]));
  const line = {
    key: message.key === null ? null : message.key.toString("utf8"),
    others: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith("ce_"))),
  };
  try {
    const event = Binding.toEvent({ key: line.key, value: message.value, headers });
    event.validate();
    const { data, data_base64, ...attributes } = event.toJSON();
    const bytes = data_base64 !== undefined ? Buffer.from(data_base64, "base64")
      : typeof data === "string" ? Buffer.from(data, "utf8") : message.value;
    line.event = { ...attributes, parsed: data ?? null, bytes: bytes.toString("base64") };
  } catch (problem) {
    line.refused = { type: headers["ce_type"], why: String(problem.message ?? problem) };
  }
  return line;
}

const consumer = kafka.consumer({ groupId: `cloudevents-${process.pid}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await new Promise((resolve) => {
  if (open.size === 0) resolve();
  consumer.run({
    eachMessage: async ({ partition, message }) => {
      process.stdout.write(JSON.stringify(decoded(message)) + "\n");
      if (BigInt(message.offset) + 1n >= (open.get(partition) ?? -1n)) open.delete(partition);
      if (open.size === 0) resolve();
    },
  });
});
await consumer.disconnect();
