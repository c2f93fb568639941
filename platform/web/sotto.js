/* sotto.js: <sotto-slate> asks the device for a slate, has a <sotto-banner> disclose it, and shows
 * what the device then opens. The banner only says how long it was seen.
 * Copyright 2026 the Sotto authors. Apache-2.0. */

/* What no policy words; more in sotto-words.js. */
const KEYS = 'general mine on why not off person more ad synthetic staff because popular coming failed'.split(' ');
export const words = {
	en: 'The same for everyone|Chosen for you|Choose for me …|Why this?|Not for me|Turn off|Talk to a person|Tell me more|Ad, paid for by|Made by a machine|Picked by our team|because of|popular with everyone|Somebody is coming.|This screen cannot choose anything now.',
};
const wordsOf = lang => {
	const list = (words[lang] || words[lang.split('-')[0]] || words.en).split('|');
	return Object.fromEntries(KEYS.map((key, i) => [key, list[i]]));
};

const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given) {
	sessionStorage.setItem('sotto-token', given);
	history.replaceState(null, '', location.pathname + location.search);
}
const headers = () => ({ 'Content-Type': 'application/json', Authorization: 'Bearer ' + sessionStorage.getItem('sotto-token') });
let calls = 0;
export async function rpc(method, params = {}) {
	const body = JSON.stringify({ jsonrpc: '2.0', id: ++calls, method, params });
	const answer = await fetch('/rpc', { method: 'POST', keepalive: true, headers: headers(), body }).then(r => r.json());
	if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
	return answer.result;
}
const close = slate => rpc('slate.close', { slate }).catch(() => {});
/* EventSource sends no token. After a break the visit is over. */
async function listen(hear) {
	for (let was; ; await new Promise(r => setTimeout(r, 2000))) {
		const { ok, body } = await fetch('/events', { headers: headers() }).catch(() => ({}));
		if (was || (ok && was === false)) hear({ method: 'connection.back', params: {} });
		if (!(was = !!ok)) continue;
		try {
			const reader = body.pipeThrough(new TextDecoderStream()).getReader();
			for (let rest = '', part; !(part = await reader.read()).done;) {
				const lines = (rest + part.value).split('\n');
				rest = lines.pop();
				for (const line of lines) if (line.startsWith('data: ')) hear(JSON.parse(line.slice(6)));
			}
		} catch { }
	}
}

/* enum sotto_why: who may say yes, who said it. */
const MAY_ON = [3, 5], MAY_OFF = [0, 4, 6, 7];

const el = (tag, props = {}, ...children) => {
	const e = Object.assign(document.createElement(tag), props);
	e.append(...children.filter(Boolean));
	return e;
};
const row = (...buttons) => el('div', { className: 'row' }, ...buttons);
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { display: block; color: var(--sotto-ink, #1a1a1a); background: var(--sotto-paper, #fff); line-height: 1.5; overflow-wrap: anywhere }
[role=status]:not(:empty), li { padding: .75em; border: 2px solid; border-radius: .5em }
h2 { margin: 0; font-size: 1.25em }
p { margin: .5em 0 }
ul { padding: 0; display: grid; gap: 1em; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15em), 1fr)) }
li { display: flex; flex-direction: column; gap: .5em }
.row { display: flex; flex-wrap: wrap; gap: .5em }
button { font: inherit; color: inherit; background: none; border: 2px solid; border-radius: .5em; min-width: 44px; min-height: 44px; padding: .25em .75em; text-align: start }
:focus-visible { outline: 4px solid var(--sotto-focus, #0b57d0); outline-offset: 2px }
.title { font-weight: bold; border: 0; padding: 0 }
`);
class Part extends HTMLElement {
	constructor() {
		super();
		this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
	}
	button(textContent, onclick, props) { return el('button', { type: 'button', textContent, onclick, ...props }); }
}

/* Live, and empty until it has something to say (ARIA22). */
class SottoBanner extends Part {
	constructor() {
		super();
		this.box = el('div');
		this.box.setAttribute('role', 'status');
		this.shadowRoot.append(this.box);
	}
	/* Shows a packet; then what was proven. */
	ask(packet) {
		this.leave?.();
		this.lang = packet.locale;
		this.dir = packet.direction;
		return new Promise(resolve => {
			let answer = 'none', since = 0, inView = false;
			const w = wordsOf(packet.locale), label = id => packet.actions.find(a => a.id === id).label;
			const end = answer => {
				clearInterval(timer);
				watcher.disconnect();
				this.box.replaceChildren();
				resolve({ answer, visible_ms: since ? Math.floor(performance.now() - since) : 0 });
			};
			this.leave = () => end('none');
			const plain = el('p', { textContent: packet.plain, hidden: true });
			const yes = this.button(label('accept'), () => { answer = 'accepted'; yes.setAttribute('aria-pressed', 'true'); look(); });
			/* What covers the box or hides the page starts it anew. */
			const look = () => {
				const r = this.box.getBoundingClientRect();
				const open = [[1, 1], [1, 9], [9, 1], [9, 9], [5, 5]].every(([x, y]) =>
					document.elementFromPoint(r.left + r.width * x / 10, r.top + r.height * y / 10) === this);
				since = inView && open && document.visibilityState === 'visible' ? since || performance.now() : 0;
				if (since && performance.now() - since >= packet.min_display_ms && (answer !== 'none' || !packet.must_acknowledge)) end(answer);
			};
			const watcher = new IntersectionObserver(es => {
				const e = es.at(-1);
				inView = e.intersectionRatio > .99 && e.isVisible !== false;
				look();
			}, { threshold: [0, .995], trackVisibility: true, delay: 100 });
			this.box.replaceChildren(
				el('h2', { textContent: packet.title }), el('p', { textContent: packet.short }), plain,
				row(yes, this.button(label('decline'), () => end('declined')),
					this.button(w.more, () => { plain.hidden = !plain.hidden; }),
					this.button(label('person'), () => this.dispatchEvent(new CustomEvent('sotto-person', { bubbles: true, composed: true })))));
			watcher.observe(this.box);
			const timer = setInterval(look, 100);
		});
	}
}

/* Attributes: count, profile, banner (an id; else one goes before). */
class SottoSlate extends Part {
	connectedCallback() {
		this.show();
		addEventListener('pagehide', () => this.session && rpc('session.end', { session: this.session }));
		listen(({ method, params }) => {
			const over = /^connection/.test(method) || method === 'session.ended' && params.session === this.session;
			if (over) this.session = null;
			if (params.ticket && params.text) this.note.textContent = params.text;
			if (over || /^(policy|model|profile)\./.test(method)) this.show();
		});
	}
	get banner() {
		const own = document.getElementById(this.getAttribute('banner'));
		if (own) return own;
		if (!this.made) this.before(this.made = el('sotto-banner'));
		return this.made;
	}
	async call(method, params) {
		for (let again = 0; ; again++) {
			if (!this.session) this.session = (await rpc('session.begin', { profile: this.getAttribute('profile') || undefined })).session;
			try { return await rpc(method, { session: this.session, ...params }); } catch (e) {
				if (again || e.data?.name !== 'SOTTO_E_STATE') throw e;
				this.session = null;
			}
		}
	}
	async show() {
		const had = this.shadowRoot.activeElement, turn = this.turn = {};
		this.banner.leave?.();
		try {
			const { slate } = await this.call('slate', { count: +this.getAttribute('count') || 8 });
			const { packet } = await rpc('disclosure', { slate }).catch(() => ({}));
			if (packet) await rpc('disclosure.confirm', { slate, hash: packet.hash, channels: ['screen'], ...await this.banner.ask(packet) }).catch(() => {});
			if (turn !== this.turn) return void close(slate);
			this.packet = packet || this.packet;
			this.fill(slate, await rpc('open', { slate }));
			if (this.slate) close(this.slate);
			this.slate = slate;
		} catch (e) {
			if (turn !== this.turn) return;
			this.shadowRoot.replaceChildren(el('p', { role: 'alert', textContent: wordsOf(document.documentElement.lang).failed }));
			this.dispatchEvent(new CustomEvent('sotto-failed', { bubbles: true, detail: e }));
		}
		if (had) this.shadowRoot.querySelector('h2')?.focus();
	}
	fill(slate, opened) {
		const { locale, direction } = this.packet || { locale: document.documentElement.lang, direction: document.documentElement.dir };
		const w = wordsOf(this.lang = locale);
		this.dir = direction;
		const word = state => async () => { await this.call('consent.set', { purpose: 'personalise', state }); this.show(); };
		const list = el('ul', {}, ...opened.items.map(item => this.item(slate, item, w)));
		this.shadowRoot.replaceChildren(
			el('h2', { tabIndex: -1, textContent: opened.personalised ? w.mine : w.general }), list,
			row(MAY_OFF.includes(opened.why) && this.button(w.off, word('withdrawn')),
				MAY_ON.includes(opened.why) && this.button(w.on, word('granted')),
				this.button(w.person, () => this.person(w))),
			this.note = el('p', { role: 'status' }));
	}
	item(slate, item, w) {
		const why = el('p', { hidden: true });
		const labels = [item.payer && `${w.ad} ${item.payer}`, item.synthetic && w.synthetic, item.staff && w.staff];
		return el('li', {},
			this.button(item.title || item.id, () => {
				this.call('event', { item: item.id, type: 'view' }).catch(() => {});
				this.dispatchEvent(new CustomEvent('sotto-item', { bubbles: true, detail: item }));
			}, { className: 'title' }),
			...labels.map(text => text && el('small', { textContent: text })), why,
			row(
				this.button(w.why, async e => {
					const { reasons } = await rpc('explain', { slate, rank: item.rank });
					why.textContent = reasons.map(r => r.item ? `${w.because} ${r.title || r.item}` : { staff: w.staff, sponsor: `${w.ad} ${r.title}` }[r.kind] || w.popular).join(' · ');
					why.hidden = !why.hidden;
					e.target.setAttribute('aria-expanded', !why.hidden);
				}),
				this.button(w.not, async () => { await this.call('block', { item: item.id }); this.show(); })));
	}
	async person(w) {
		const { text } = await this.call('handoff', {}).catch(e => ({ text: e.message }));
		this.note.textContent = text || w.coming;
	}
}
customElements.define('sotto-banner', SottoBanner);
customElements.define('sotto-slate', SottoSlate);
