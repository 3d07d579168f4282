// A visitor's whole way through the chat in a real browser. Every step waits for what it expects, and fails if it does
// not come.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { startDaemon, startModel, startShop } from './site.mjs';

const [binary, out] = process.argv.slice(2);
const PATIENCE = 20_000;
const ANSWER = 'La *limpieza facial* dura 90 minutos y cuesta $180.000.';
const step = (name) => console.log(`ok - ${name}`);

const model = await startModel((asked) => (asked.includes('limpieza') ? ANSWER : 'No tengo información sobre eso; una persona del equipo le puede ayudar.'));
let daemon;
const shop = await startShop(() => `${daemon.url}/widget/spa/widget.js`);
const files = {
  'chatbot.toml': `[worker]\nburst_quiet_ms = 50\n[[llm.keys]]\nid = "key_a"\nbase_url = "${model.url}"\napi_key = "sk-a"\nmodel = "fake"\n[llm.speech]\nkey = "key_a"\nmodel = "ears"\n[llm.vision]\nkey = "key_a"\nmodel = "eyes"\n`,
  'tenants/spa/tenant.toml': `name = "Spa Aurora"\n[agents]\nstrategy = "single"\n[channels.web]\norigins = ["${shop.url}"]\ntitle = "Spa Aurora"\ngreeting = "¡Hola! 👋 ¿En qué le puedo ayudar? Más en https://aurora.example/precios."\ncolor = "#0f766e"\n`,
  'knowledge/spa/precios.md': '# Precios\n\n## Limpieza facial\n\nLa limpieza facial dura 90 minutos y cuesta $180.000.\n',
};
daemon = await startDaemon(binary, model, files);

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, permissions: ['microphone'] });
const page = await context.newPage();
page.setDefaultTimeout(PATIENCE);
const faults = [];
page.on('pageerror', (error) => faults.push(`${error}`));
page.on('console', (message) => {
  // A connection that is refused while the daemon is down is the browser's own line.
  if (message.type() === 'error' && !/ERR_CONNECTION_REFUSED/.test(message.text())) faults.push(message.text());
});
page.on('dialog', (dialog) => faults.push(`a dialog: ${dialog.message()}`));

const log = () => page.getByRole('log');
const said = (role, text) => page.locator(`.log .said.${role}`).filter({ hasText: text });
const write = async (text) => {
  await page.getByRole('textbox').fill(text);
  await page.getByRole('textbox').press('Enter');
};
const focused = () => page.evaluate(() => {
  const element = document.querySelector('#iass-spa').shadowRoot.activeElement;
  return element?.ariaLabel || element?.textContent;
});
const shot = (name) => page.screenshot({ path: join(out, `${name}.png`) });

try {
  await page.goto(shop.url);
  await page.getByRole('button', { name: 'Abrir el chat' }).waitFor();
  await shot('1-closed');
  await page.getByRole('link', { name: 'Inicio' }).focus();
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Abrir el chat');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Spa Aurora' }).waitFor();
  assert.equal(await focused(), 'Escriba su mensaje…');
  await said('assistant', '¡Hola! 👋').waitFor();
  const link = page.getByRole('link', { name: 'https://aurora.example/precios', exact: true });
  assert.equal(await link.getAttribute('href'), 'https://aurora.example/precios');
  assert.match(await link.getAttribute('rel'), /noopener/);
  step('opened by keyboard, the field has the focus, the greeting is there');

  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press('Tab');
    assert.ok(await focused(), 'the focus left the open chat');
  }
  await page.keyboard.press('Escape');
  assert.equal(await focused(), 'Abrir el chat');
  assert.equal(await page.getByRole('dialog').count(), 0);
  await page.keyboard.press('Enter');
  step('the focus stays inside, Escape closes, the focus returns');

  let goOn = model.hold();
  await write('¿Cuánto dura la limpieza facial?');
  await page.locator('.draft .said', { hasText: 'La limpieza facial' }).waitFor();
  assert.equal(await said('assistant', '180.000').count(), 0);
  await page.getByText('Escribiendo…').waitFor();
  await shot('2-streaming');
  goOn();
  await said('assistant', 'dura 90 minutos y cuesta $180.000.').waitFor();
  assert.equal(await page.locator('.draft > *').count(), 0);
  assert.equal(await said('assistant', 'limpieza').locator('strong').textContent(), 'limpieza facial');
  assert.equal(await said('customer', 'limpieza').count(), 1);
  step('the answer was seen while it was written, and is there once');

  await write('¿Venden <img src=x onerror="alert(1)"> <b>bombones</b> javascript:alert(2)?');
  await said('customer', '<img src=x onerror="alert(1)"> <b>bombones</b>').waitFor();
  await page.locator('.log .said.assistant').nth(2).waitFor();
  assert.equal(await page.locator('.log .customer img, .log .customer b, .log .customer a').count(), 0);
  step('what looks like HTML is text');

  await page.reload();
  await page.getByRole('dialog').waitFor();
  await said('assistant', '180.000').waitFor();
  await page.locator('.log .said').nth(4).waitFor();
  assert.equal(await page.locator('.log .said').count(), 5);
  assert.equal(await said('assistant', '180.000').evaluate((element) => getComputedStyle(element).textTransform), 'none', "the page's own style stays outside");
  step('after a reload the history is there, each message once');

  const picture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  await page.locator('input[type=file]').setInputFiles({ name: 'crema.png', mimeType: 'image/png', buffer: picture });
  await page.locator('.log .customer img').waitFor();
  await page.locator('.log .customer.waits').waitFor({ state: 'detached' });
  await page.locator('.log .said.assistant').nth(3).waitFor();
  assert.equal(model.seen, 1);
  step('a picture was sent and answered');

  await page.getByRole('button', { name: 'Grabar una nota de voz' }).click();
  await page.getByText('Grabando… 0:01').waitFor();
  await shot('3-recording');
  await page.getByRole('button', { name: 'Terminar y enviar la nota de voz' }).click();
  await said('customer', '¿Cuánto dura la limpieza facial?').nth(1).waitFor();
  await said('assistant', '180.000').nth(1).waitFor();
  assert.equal(model.heard, 1);
  assert.ok(model.recording, 'it was sent as it was recorded');
  step('a voice note was recorded, sent, understood and answered');

  const { url, folder } = daemon;
  await daemon.kill();
  await page.getByText('Sin conexión').waitFor();
  await write('¿Y cuánto cuesta la limpieza facial?');
  await said('customer', 'cuánto cuesta').and(page.locator('.waits')).waitFor();
  await shot('4-offline');
  daemon = await startDaemon(binary, model, {}, new URL(url).host, folder);
  await said('assistant', '180.000').nth(2).waitFor({ timeout: 60_000 });
  assert.equal(await said('customer', 'cuánto cuesta').count(), 1);
  await page.getByText('Sin conexión').waitFor({ state: 'hidden' });
  step('what was written while the daemon was dead was answered once');

  await page.getByRole('button', { name: 'Hablar con una persona' }).click();
  await page.getByText('Avisamos a nuestro equipo').waitFor();
  await said('customer', 'Quiero hablar con una persona').waitFor();
  const api = async (path, body) => {
    const answer = await fetch(`${daemon.url}/api/v1/tenants/spa/${path}`, body ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {});
    return answer.json();
  };
  const [handoff] = (await api('handoffs')).items;
  await api(`handoffs/${handoff.handoff}/take`, { by: 'Marta' });
  await page.getByText('Le atiende una persona').waitFor();
  await api(`handoffs/${handoff.handoff}/reply`, { message: 'Hola, soy Marta. ¿Qué día le conviene? Puede ver los horarios en https://aurora.example/agenda' });
  await said('person', 'soy Marta').waitFor();
  await shot('5-person');
  step('a person was called, came and answered');

  await page.getByRole('button', { name: 'Cerrar el chat' }).click();
  await api(`handoffs/${handoff.handoff}/reply`, { message: '¿Sigue ahí?' });
  await page.getByRole('button', { name: 'Abrir el chat (1)' }).waitFor();
  step('a message that came while the chat was closed is counted');

  const second = await context.newPage();
  await second.setViewportSize({ width: 390, height: 780 });
  await second.emulateMedia({ reducedMotion: 'reduce' });
  await second.goto(`${shop.url}?language=en`);
  await second.getByRole('button', { name: 'Open the chat' }).click();
  await second.locator('.log .said', { hasText: '¿Sigue ahí?' }).waitFor();
  const box = await second.getByRole('dialog').boundingBox();
  assert.deepEqual([box.x, box.y, box.width, box.height], [0, 0, 390, 780]);
  await second.screenshot({ path: join(out, '6-mobile-english.png') });
  step('a page in English has English words, and the chat fills a telephone');

  const stranger = await (await browser.newContext({ viewport: { width: 390, height: 780 } })).newPage();
  stranger.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await stranger.goto(shop.url);
  await stranger.getByRole('button', { name: 'Abrir el chat' }).click();
  await stranger.locator('.log .said').first().waitFor();
  assert.equal(await stranger.locator('.log .said').count(), 1);
  await stranger.screenshot({ path: join(out, '7-mobile-first.png') });
  await stranger.goto(`${daemon.url}/widget/spa`);
  await stranger.getByRole('button', { name: 'Abrir el chat' }).waitFor();
  await stranger.screenshot({ path: join(out, '8-demo.png') });
  await stranger.getByRole('button', { name: 'Abrir el chat' }).click();
  await stranger.getByRole('textbox').fill('¿Cuánto dura la limpieza facial?');
  await stranger.getByRole('button', { name: 'Enviar', exact: true }).click();
  await stranger.locator('.log .assistant', { hasText: '180.000' }).waitFor();
  step('a stranger sees the greeting alone; the page to try it works under its policy');

  assert.deepEqual(faults, []);
  step('no error, no dialog, no violation of a policy');
} catch (error) {
  await shot('failed');
  writeFileSync(join(out, 'failed.txt'), `${error.stack}\n${faults.join('\n')}\n${await log().innerText().catch(() => '')}`);
  console.error(error, faults);
  process.exitCode = 1;
} finally {
  await browser.close();
  await daemon.kill();
  daemon.clean();
  model.close();
  shop.close();
}
process.exit();
