// The chat of iass on a business's own site: one script tag, no dependencies, nothing leaks into the page.
// What anybody wrote becomes text nodes, never HTML. What was said is with the daemon: this page only shows it.
(() => {
  'use strict';
  const settings = __SETTINGS__;
  const script = document.currentScript;
  const base = new URL('.', script?.src || location.href).href;
  const place = `iass-${settings.tenant}`;
  if (document.getElementById(place)) return;

  // The words are those of the page's language; the daemon has them in three.
  const { language, texts: t } = settings;
  const wanted = (script?.dataset.language || document.documentElement.lang).slice(0, 2).toLowerCase();
  if (wanted !== language && settings.languages.includes(wanted)) {
    const other = document.createElement('script');
    other.src = `${base}widget.js?language=${wanted}`;
    other.dataset.language = wanted;
    return document.head.append(other);
  }

  // What the browser keeps: the visitor's token, what is not safe with the daemon yet, and when the visitor wrote last.
  const stored = () => {
    try { return JSON.parse(localStorage.getItem(place)) || {}; } catch { return {}; }
  };
  const kept = stored();
  kept.unsent ||= [];
  const keep = () => { try { localStorage.setItem(place, JSON.stringify(kept)); } catch { /* a private window */ } };
  const session = (value) => {
    try { return value === undefined ? sessionStorage.getItem(place) : sessionStorage.setItem(place, value); } catch { return ''; }
  };
  const newId = () => [...crypto.getRandomValues(new Uint32Array(3))].map((n) => n.toString(36)).join('-');

  // --- The page ------------------------------------------------------------------------------------------------------

  const el = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, '');
      else if (value !== false) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const icon = (path) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const shape = document.createElementNS(svg.namespaceURI, 'path');
    shape.setAttribute('d', path);
    svg.append(shape);
    return svg;
  };
  const button = (name, label, path, onclick) => el('button', { type: 'button', class: name, 'aria-label': label, title: label, onclick }, icon(path));

  // *bold* and http(s) links; everything else is as it was written.
  const rich = (text) => {
    const parts = document.createDocumentFragment();
    const pattern = /(https?:\/\/[^\s<>"'*]+[^\s<>"'*.,;:!?)\]])|(?<![\w*])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])/gu;
    let at = 0;
    for (const found of text.matchAll(pattern)) {
      parts.append(text.slice(at, found.index));
      parts.append(found[1]
        ? el('a', { href: found[1], target: '_blank', rel: 'noopener noreferrer nofollow' }, found[1])
        : el('strong', {}, found[2]));
      at = found.index + found[0].length;
    }
    parts.append(text.slice(at));
    return parts;
  };

  const style = new CSSStyleSheet();
  style.replaceSync(`
:host{all:initial!important;--c:${settings.color};--ink:${settings.ink}}
*{box-sizing:border-box;font:inherit;color:inherit;margin:0}
[hidden]{display:none!important}
.root{font:16px/1.45 system-ui,sans-serif;color:#1c2733;text-align:left}
button{border:0;background:none;padding:0;cursor:pointer}
svg{width:24px;height:24px;fill:currentColor;display:block}
:focus-visible{outline:2px solid var(--c);outline-offset:2px;box-shadow:0 0 0 2px #fff}
.launch{position:fixed;right:20px;bottom:20px;z-index:2147483000;width:60px;height:60px;border-radius:50%;display:grid;place-items:center;background:var(--c);color:var(--ink);box-shadow:0 4px 16px #0004}
.launch svg{width:28px;height:28px}
.badge{position:absolute;top:-4px;right:-4px;min-width:22px;height:22px;border-radius:11px;padding:0 6px;background:#b3261e;color:#fff;font-size:13px;line-height:22px;text-align:center}
.panel{position:fixed;right:20px;bottom:20px;z-index:2147483001;width:384px;height:min(640px,calc(100dvh - 40px));display:flex;flex-direction:column;background:#fff;border-radius:16px;overflow:hidden;box-shadow:0 8px 40px #0005;animation:rise .18s ease-out}
@keyframes rise{from{opacity:0;transform:translateY(12px)}}
header{display:flex;align-items:center;gap:12px;padding:14px 10px 14px 18px;background:var(--c);color:var(--ink)}
header div{flex:1;min-width:0}
h2{font-size:17px;font-weight:650;line-height:1.25;overflow-wrap:anywhere}
.state{font-size:13px;line-height:1.3;margin-top:2px}
header button{width:44px;height:44px;border-radius:50%;display:grid;place-items:center;flex:none}
header button:focus-visible{outline-color:var(--ink);box-shadow:none;outline-offset:-4px}
.scroll{flex:1;overflow-y:auto;overscroll-behavior:contain;padding:16px;background:#f4f6f8}
.log,.draft{display:flex;flex-direction:column;gap:8px}
.draft{margin-top:8px}
.said{max-width:86%;padding:9px 13px;border-radius:16px;white-space:pre-wrap;overflow-wrap:anywhere;background:#fff;border:1px solid #dfe4e9;align-self:flex-start;border-bottom-left-radius:5px}
.customer{align-self:flex-end;background:var(--c);color:var(--ink);border-color:transparent;border-radius:16px 16px 5px}
.person{border-color:var(--c);border-width:2px}
.who{display:block;font-size:12.5px;font-weight:600;color:#4a5866}
.waits::after{content:" …"}
.said a{text-decoration:underline;color:#0b57d0}
.customer a{color:inherit}
.said strong{font-weight:700}
.said img{display:block;max-width:100%;max-height:220px;border-radius:8px;margin:2px 0 4px}
.note{align-self:center;max-width:92%;font-size:13.5px;color:#4a5866;text-align:center}
.error{color:#9b1c15}
.error button{text-decoration:underline;min-height:24px;padding:0 6px;font-weight:600}
.choices{display:flex;flex-wrap:wrap;gap:8px}
.choices button{min-height:40px;padding:6px 14px;border:1.5px solid #6b7a89;border-radius:20px;background:#fff;font-weight:550;text-align:left}
.choices button:hover{background:#eaeef2}
.dots{display:flex;gap:5px;padding:14px}
.dots i{width:7px;height:7px;border-radius:50%;background:#6b7a89;animation:dot 1.2s infinite}
.dots i:nth-child(2){animation-delay:.15s}.dots i:nth-child(3){animation-delay:.3s}
@keyframes dot{0%,60%,100%{opacity:.35}30%{opacity:1}}
.bar{padding:8px 14px;font-size:13.5px;background:#fff4d6;color:#5c4300}
.ask{display:block;margin:10px auto 0;min-height:36px;padding:4px 14px;font-size:14px;text-decoration:underline;color:#33414e;border-radius:18px}
form{display:flex;align-items:flex-end;gap:2px;padding:8px 8px 8px 12px;border-top:1px solid #dfe4e9;background:#fff;padding-bottom:max(8px,env(safe-area-inset-bottom))}
textarea{flex:1;min-width:0;resize:none;max-height:132px;min-height:44px;padding:10px 12px;border:1px solid #7b8996;border-radius:22px;background:#fff;line-height:22px;font-size:16px}
textarea::placeholder{color:#5b6976;opacity:1}
form button{width:44px;height:44px;flex:none;border-radius:50%;display:grid;place-items:center;color:#33414e}
form .send{background:var(--c);color:var(--ink);margin-left:4px}
form .send svg{width:20px;height:20px}
form .on{color:#b3261e}
.rec{flex:1;align-self:center;padding-left:8px;color:#9b1c15;font-weight:600}
.away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media(max-width:520px){.panel{inset:0;width:100%;height:100dvh;border-radius:0}}
@media(prefers-reduced-motion:reduce){*{animation:none!important}.dots i{opacity:.7}}
@media(forced-colors:active){.launch,.customer,form .send,header{border:1px solid}}`);

  const cross = 'M19 6.4 17.6 5 12 10.6 6.4 5 5 6.4l5.6 5.6L5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6z';

  const host = el('div', { id: place });
  const root = host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [style];

  const badge = el('span', { class: 'badge', hidden: true });
  const launch = button('launch', t.open, 'M12 3C6.5 3 2 6.6 2 11c0 2.5 1.4 4.7 3.7 6.2L5 21l4.2-2.3c.9.2 1.8.3 2.8.3 5.5 0 10-3.6 10-8s-4.5-8-10-8z', () => open());
  launch.append(badge);

  const status = el('p', { class: 'state', role: 'status' }, t.bot);
  const offline = el('p', { class: 'bar', role: 'status', hidden: true }, t.offline);
  const log = el('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': t.log });
  // Words that are still being written are not read aloud; the finished answer is.
  const draft = el('div', { class: 'draft', 'aria-hidden': 'true' });
  const ask = el('button', { class: 'ask', onclick: () => send({ person: true, text: '' }) }, t.person);
  const scroll = el('div', { class: 'scroll', tabindex: '0', 'aria-label': t.log, role: 'group' }, log, draft);
  const field = el('textarea', { rows: '1', 'aria-label': t.write, placeholder: t.write, maxlength: '4000', enterkeyhint: 'send', oninput: () => grow(), onkeydown: (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
  } });
  const file = el('input', { type: 'file', accept: 'image/jpeg,image/png,image/webp,image/gif', class: 'away', tabindex: '-1', 'aria-hidden': 'true', onchange: () => {
    if (file.files[0]) upload('picture', file.files[0]);
    file.value = '';
  } });
  const attach = button('', t.attach, 'M3 3h18v18H3zm5.5 10.5L5 18h14l-4.5-6-3.5 4.5z', () => file.click());
  const microphone = button('', t.record, 'M12 14a3 3 0 0 0 3-3V5a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3zm5-3a5 5 0 0 1-10 0H5a7 7 0 0 0 6 6.9V21h2v-3.1a7 7 0 0 0 6-6.9z', () => (recorder ? recorder.stop() : record()));
  const discard = button('', t.cancel, cross, () => { dropped = true; recorder?.stop(); });
  const recording = el('span', { class: 'rec', role: 'status', hidden: true });
  const form = el('form', { onsubmit: (event) => { event.preventDefault(); submit(); } }, file, field, recording, discard, attach, microphone,
    el('button', { class: 'send', 'aria-label': t.send, title: t.send }, icon('M2 21 23 12 2 3v7l15 2-15 2z')));
  const close = button('', t.close, cross, () => shut());
  const panel = el('section', { class: 'panel', role: 'dialog', 'aria-modal': 'true', 'aria-label': settings.title, hidden: true, onkeydown: (event) => {
    if (event.key === 'Escape') { event.stopPropagation(); shut(); } else if (event.key === 'Tab') turn(event);
  } }, el('header', {}, el('div', {}, el('h2', {}, settings.title), status), close), offline, scroll, form);
  attach.hidden = !settings.pictures;
  microphone.hidden = !(settings.voice && navigator.mediaDevices?.getUserMedia && window.MediaRecorder);
  discard.hidden = true;
  root.append(el('div', { class: 'root', lang: language }, launch, panel));
  scroll.append(ask);

  // The keyboard stays inside while the chat is open, and returns to the button afterwards.
  const turn = (event) => {
    const stops = [...panel.querySelectorAll('button,textarea,a[href],[tabindex="0"]')].filter((stop) => stop.offsetParent && !stop.disabled);
    const [first, last] = [stops[0], stops[stops.length - 1]];
    const leaves = event.shiftKey ? root.activeElement === first : root.activeElement === last;
    if (leaves) { event.preventDefault(); (event.shiftKey ? last : first).focus(); }
  };
  const open = (focus = true) => {
    panel.hidden = false;
    launch.hidden = true;
    unread(0);
    session('open');
    connect();
    down();
    if (focus) field.focus();
  };
  const shut = () => {
    discard.click();
    panel.hidden = true;
    launch.hidden = false;
    session('');
    launch.focus();
  };
  let missed = 0;
  const unread = (count) => {
    missed = count;
    badge.hidden = !count;
    badge.textContent = count > 9 ? '9+' : count;
    launch.setAttribute('aria-label', count ? `${t.open} (${count})` : t.open);
  };
  const down = () => { scroll.scrollTop = scroll.scrollHeight; };
  const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  const grow = () => {
    field.style.height = 'auto';
    field.style.height = `${Math.min(field.scrollHeight + 2, 132)}px`;
  };

  // --- What is said --------------------------------------------------------------------------------------------------

  const own = new Map(); // what the visitor said, by the id that this page gave it
  const who = (role) => el('span', { class: role === 'person' ? 'who' : 'away' }, { customer: t.you, person: t.team }[role] || settings.title);
  const bubble = (role, text) => el('div', { class: `said ${role}` }, who(role), rich(text));
  const show = (element) => {
    const follow = atEnd();
    log.append(element);
    if (follow) down();
    return element;
  };
  const note = (text, again) => show(el('p', { class: 'note error' }, text, ...(again ? [' ', el('button', { onclick: (event) => {
    event.target.closest('p').remove();
    field.focus();
    again();
  } }, t.retry)] : [])));
  const mine = (id, text, waits) => {
    let element = own.get(id);
    if (!element) own.set(id, element = show(bubble('customer', text)));
    element.classList.toggle('waits', !!waits);
    return element;
  };
  const never = (id) => {
    own.get(id)?.remove();
    own.delete(id);
  };
  const said = ({ id, role, text, client, choices }) => {
    if (id <= seen) return;
    seen = id;
    log.querySelectorAll('.choices').forEach((old) => old.remove());
    if (role === 'customer') {
      const element = client && own.get(client);
      if (element) {
        element.replaceChildren(who(role), element.querySelector('img') || rich(text));
        log.append(element);
      }
      mine(client || id, text);
      return;
    }
    draft.replaceChildren();
    show(bubble(role, text));
    if (choices?.length && role === 'assistant') {
      show(el('div', { class: 'choices' }, ...choices.map((choice) => el('button', { onclick: () => { send({ text: choice }); field.focus(); } }, choice))));
    }
    if (ready && panel.hidden) unread(missed + 1);
  };
  let typing = false;
  let owner = 'bot';
  const written = (text, begins) => {
    const follow = atEnd();
    let words = draft.querySelector('.words');
    if (begins || !words) draft.replaceChildren(words = el('div', { class: 'said words' }));
    words.dataset.text = (words.dataset.text || '') + text;
    words.replaceChildren(rich(words.dataset.text));
    if (follow) down();
  };
  const think = () => {
    const told = { waiting: t.waiting, human: t.human }[owner];
    const on = typing && !told;
    const dots = draft.querySelector('.dots');
    if (on && !draft.firstChild) draft.append(el('div', { class: 'said dots' }, el('i'), el('i'), el('i')));
    else if (!on) dots?.remove();
    status.textContent = on ? t.typing : told || t.bot;
    ask.hidden = !!told;
    if (on && atEnd()) down();
  };

  // --- The connection ------------------------------------------------------------------------------------------------

  let socket, ready = false, seen = 0, tries = 0, timer, watch;
  const tell = (frame) => { if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame)); };
  const lives = () => {
    clearTimeout(watch);
    watch = setTimeout(() => socket?.close(), 60000);
  };
  const connect = () => {
    if (socket && socket.readyState < WebSocket.CLOSING) return;
    clearTimeout(timer);
    const current = socket = new WebSocket(`${base.replace(/^http/, 'ws')}ws`);
    lives();
    // Another page may have become a visitor meanwhile.
    kept.visitor ||= stored().visitor;
    current.onopen = () => tell({ type: 'hello', visitor: kept.visitor || null, seen, language, source: new URLSearchParams(location.search).get('utm_campaign') });
    current.onmessage = ({ data }) => {
      lives();
      const frame = JSON.parse(data);
      on[frame.type]?.(frame);
    };
    current.onclose = () => {
      if (current !== socket) return;
      clearTimeout(watch);
      ready = typing = false;
      draft.replaceChildren();
      think();
      offline.hidden = tries < 1;
      timer = setTimeout(connect, Math.min(30000, 400 * 2 ** tries++) * (0.5 + Math.random()));
    };
  };
  const deliver = ({ id, text, person }) => tell(person ? { type: 'person', id } : { type: 'say', id, text });
  const settle = (id) => {
    kept.unsent = kept.unsent.filter((message) => message.id !== id);
    keep();
  };
  const on = {
    welcome({ visitor }) {
      if (kept.visitor !== visitor) { kept.visitor = visitor; keep(); }
      owner = 'bot';
    },
    ready() {
      ready = true;
      tries = 0;
      offline.hidden = true;
      think();
      kept.unsent.forEach((message) => { if (message.text) mine(message.id, message.text, true); deliver(message); });
      down();
    },
    accepted({ id }) {
      settle(id);
      own.get(id)?.classList.remove('waits');
    },
    refused({ id, code, again }) {
      const message = kept.unsent.find((one) => one.id === id);
      settle(id);
      never(id);
      note({ too_long: t.too_long, too_many: t.too_many }[code] || t.failed, again && message && (() => send(message)));
    },
    pending({ client, text }) { mine(client, text); },
    message: said,
    state(frame) { owner = frame.owner; think(); },
    typing(frame) { typing = frame.on; think(); },
    delta({ text, begins }) { written(text, begins); },
    withdrawn() { draft.replaceChildren(); think(); },
  };
  const send = ({ text, person }) => {
    const message = { id: newId(), text, person };
    kept.unsent = [...kept.unsent, message].slice(-50);
    kept.at = Date.now();
    keep();
    if (text) mine(message.id, text, true);
    down();
    if (ready) deliver(message); else connect();
  };
  const submit = () => {
    if (recorder) return recorder.stop();
    const text = field.value.trim();
    if (!text) return;
    field.value = '';
    grow();
    send({ text });
  };

  // --- Pictures and voice notes --------------------------------------------------------------------------------------

  const upload = async (kind, blob, id = newId()) => {
    const shown = mine(id, kind === 'voice' ? t.voice : t.photo, true);
    if (kind === 'picture') shown.replaceChildren(who('customer'), el('img', { alt: t.photo, src: URL.createObjectURL(blob), onload: down }));
    down();
    const body = new FormData();
    for (const [name, value] of Object.entries({ visitor: kept.visitor, id, language })) body.append(name, value);
    body.append('file', blob, kind);
    try {
      const answer = await fetch(`${base}media?kind=${kind}`, { method: 'POST', body });
      if (answer.ok) return shown.classList.remove('waits');
      throw new Error(answer.status === 429 ? t.too_many : '');
    } catch (error) {
      never(id);
      const told = error instanceof TypeError ? '' : error.message;
      note(told || t.failed, !told && (() => upload(kind, blob, id)));
    }
  };
  let recorder, dropped;
  const record = async () => {
    let stream;
    try { stream = await navigator.mediaDevices.getUserMedia({ audio: true }); } catch { return note(t.no_microphone); }
    const parts = [];
    const began = Date.now();
    const tick = setInterval(() => {
      const seconds = Math.floor((Date.now() - began) / 1000);
      recording.textContent = `${t.recording} ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
      if (seconds >= 180) recorder.stop();
    }, 500);
    const mode = (busy) => {
      [field.hidden, attach.hidden] = [busy, busy || !settings.pictures];
      [discard.hidden, recording.hidden] = [!busy, !busy];
      microphone.classList.toggle('on', busy);
      const label = busy ? t.stop : t.record;
      microphone.setAttribute('aria-label', label);
      microphone.title = label;
    };
    dropped = false;
    recorder = new MediaRecorder(stream);
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstop = () => {
      clearInterval(tick);
      stream.getTracks().forEach((track) => track.stop());
      const sound = new Blob(parts, { type: recorder.mimeType });
      recorder = null;
      mode(false);
      field.focus();
      if (!dropped && sound.size) upload('voice', sound);
    };
    recording.textContent = t.recording;
    mode(true);
    recorder.start();
  };

  // --- Begin ---------------------------------------------------------------------------------------------------------

  if (settings.greeting) log.append(bubble('assistant', settings.greeting));
  addEventListener('online', () => { if (socket) { tries = 0; connect(); } });
  const begin = () => {
    document.body.append(host);
    const isRecent = kept.visitor && Date.now() - (kept.at || 0) < 864e5;
    if (session() === 'open') open(false);
    else if (isRecent || kept.unsent.length) connect();
  };
  if (document.body) begin(); else addEventListener('DOMContentLoaded', begin);
})();
