// What the browser test needs around the browser: a model provider that streams slowly, a shop's page on another origin
// that embeds the chat, and the daemon.
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, writeFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const listen = (handler) => new Promise((resolve) => {
  const server = createServer(handler).listen(0, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${server.address().port}` }));
});

/** Answers as `replies` says, streamed; a gate between the words keeps the rest back until it is opened. */
export const startModel = async (replies) => {
  const model = { held: null, heard: 0, seen: 0 };
  const { url, server } = await listen(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.url.endsWith('/audio/transcriptions')) {
      model.heard += 1;
      model.recording = body.includes('audio/webm');
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ text: '¿Cuánto dura la limpieza facial?' }));
    }
    const asked = JSON.parse(body);
    const last = asked.messages.at(-1).content;
    if (asked.model === 'eyes') {
      model.seen += 1;
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ id: '1', object: 'chat.completion', created: 1, model: 'eyes', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Un frasco de crema.' } }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
    }
    const text = replies(typeof last === 'string' ? last : JSON.stringify(last));
    const part = (delta, finish) => `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    if (!asked.stream) {
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ id: '1', object: 'chat.completion', created: 1, model: 'fake', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
    }
    response.setHeader('content-type', 'text/event-stream');
    response.write(part({ role: 'assistant', content: '' }, null));
    const words = text.match(/\S+\s*/g);
    for (const [at, word] of words.entries()) {
      if (at === 4 && model.held) await model.held;
      response.write(part({ content: word }, null));
    }
    response.end(`${part({}, 'stop')}data: [DONE]\n\n`);
  });
  model.url = `${url}/v1`;
  model.close = () => server.close();
  /** Keeps answers back after their fourth word; the result lets them go on. */
  model.hold = () => {
    let goOn;
    model.held = new Promise((resolve) => { goOn = () => { model.held = null; resolve(); }; });
    return goOn;
  };
  return model;
};

/** A page of a shop with styles and a policy that are hard on what is embedded. */
export const startShop = async (script) => {
  const shop = await listen((request, response) => {
    const daemon = new URL(script()).origin;
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', `default-src 'none'; style-src 'unsafe-inline'; script-src ${daemon}; img-src blob:; connect-src ${daemon} ${daemon.replace('http', 'ws')}`);
    const language = new URL(request.url, 'http://shop').searchParams.get('language') || 'es';
    response.end(`<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Tienda</title><style>*{color:lime!important;letter-spacing:9px;text-transform:uppercase}body{margin:40px;background:#fafafa}button{background:red!important}h1,p{color:#223!important;letter-spacing:0;text-transform:none;font-family:sans-serif}</style>
<h1>Spa Aurora</h1><p>Limpieza facial, masajes y más.</p><a href="#x">Inicio</a>
<script src="${script()}" async></script></html>`);
  });
  return { url: shop.url, close: () => shop.server.close() };
};

export const startDaemon = async (binary, model, files, address = '127.0.0.1:0', folder = mkdtempSync(join(tmpdir(), 'iass-widget-'))) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const child = spawn(binary, ['serve', '--json', '--listen', address], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: process.env.PATH } });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the daemon ended with ${code}`)));
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { url: JSON.parse(line).listening, folder, kill: async () => { child.kill('SIGKILL'); await ended; }, clean: () => rmSync(folder, { recursive: true, force: true }) };
};
