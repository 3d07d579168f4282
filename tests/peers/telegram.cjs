// A customer at telegram-test-api writes to the bot of a tenant that the real binary serves: words, a command with where
// they come from, a tap on a button; the daemon is killed in between. Each gets one answer.
"use strict";
const assert = require("assert");
const { spawn } = require("child_process");
const fs = require("fs");
const net = require("net");
const os = require("os");
const path = require("path");
const TelegramServer = require("telegram-test-api");

const TOKEN = "42:token";
const PATIENCE_MS = 30000;

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function until(what, done) {
  const end = Date.now() + PATIENCE_MS;
  while (!done()) {
    assert.ok(Date.now() < end, `${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function serve(folder) {
  const log = fs.openSync(path.join(folder, "daemon.log"), "a");
  const env = { PATH: process.env.PATH };
  return spawn(process.env.IASS, ["serve", "--listen", "127.0.0.1:0"], { cwd: folder, env, stdio: ["ignore", log, log] });
}

async function main() {
  const port = await freePort();
  const server = new TelegramServer({ port, host: "127.0.0.1", storeTimeout: 600 });
  await server.start();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "iass-telegram-"));
  fs.mkdirSync(path.join(folder, "tenants/acme"), { recursive: true });
  fs.writeFileSync(path.join(folder, "chatbot.toml"), "[worker]\nburst_quiet_ms = 0\n");
  fs.writeFileSync(
    path.join(folder, "tenants/acme/tenant.toml"),
    `name = "Ferretería El Tornillo"\n[handoff]\nloop_similarity = 1.0\n` +
      `[channels.telegram]\ntoken = "${TOKEN}"\napi_base = "http://127.0.0.1:${port}"\n`,
  );
  let daemon = serve(folder);
  const replies = () => server.storage.botMessages.map((sent) => sent.message);
  const next = (count) => until(`reply ${count}`, () => replies().length >= count);
  try {
    const client = server.getClient(TOKEN, { userId: 7, chatId: 7, firstName: "Ana", userName: "ana" });
    await client.sendCommand(client.makeCommand("/start promo_01"));
    await next(1);
    await client.sendMessage(client.makeMessage("muchas gracias"));
    await next(2);

    daemon.kill("SIGKILL");
    await new Promise((resolve) => daemon.once("exit", resolve));
    await client.sendMessage(client.makeMessage("gracias por todo"));
    daemon = serve(folder);
    await next(3);

    const message = { message_id: 90, date: 1767614400, text: "¿Cuál?" };
    message.reply_markup = { inline_keyboard: [[{ text: "gracias", callback_data: "0|gracias" }]] };
    await client.sendCallback(client.makeCallbackQuery("0|gracias", { message }));
    await next(4);

    for (const reply of replies()) {
      assert.strictEqual(String(reply.chat_id), "7");
      assert.strictEqual(reply.parse_mode, "HTML");
      assert.ok(reply.text.length > 0);
    }
    // Nothing else comes.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.strictEqual(replies().length, 4);
    console.log(`telegram-test-api: ${replies().length} replies, each once`);
    replies().forEach((reply) => console.log(`  ${JSON.stringify(reply.text)}`));
  } catch (error) {
    console.error(fs.readFileSync(path.join(folder, "daemon.log"), "utf8"));
    throw error;
  } finally {
    daemon.kill("SIGKILL");
    await server.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
