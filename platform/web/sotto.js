/* sotto.js: <sotto-banner> and <sotto-slate>, a page's door to sotto-web. No dependencies.
 * Copyright 2026 the Sotto authors. Apache-2.0. See README.md beside it.
 *
 * <sotto-slate> asks the device for a slate, lets a <sotto-banner> show what the device wants
 * disclosed, and shows what the device then opens. The device decides; the banner tells it only how
 * long its whole box stood in the viewport, uncovered, in a page that was visible. */

/* What no policy words. A page may add or change: words.nl = 'Voor iedereen gelijk|…'. */
const KEYS = 'general mine on why not off person more ad synthetic staff because popular coming failed'.split(' ');
export const words = {
	en: 'The same for everyone|Chosen for you|Choose for me …|Why this?|Not for me|Turn off|Talk to a person|Tell me more|Ad, paid for by|Made by a machine|Picked by our team|because of|popular with everyone|Somebody is coming.|This screen cannot choose anything now.',
	de: 'Für alle gleich|Für Sie gewählt|Für mich wählen …|Warum das?|Nichts für mich|Ausschalten|Mit jemandem sprechen|Mehr dazu|Anzeige, bezahlt von|Von einer Maschine|Von unserem Team|wegen|bei allen beliebt|Es kommt jemand.|Dieser Bildschirm kann gerade nichts wählen.',
	fr: 'Pareil pour tous|Choisi pour vous|Choisir pour moi …|Pourquoi ceci ?|Pas pour moi|Désactiver|Parler à quelqu’un|En savoir plus|Publicité payée par|Fait par une machine|Choisi par notre équipe|à cause de|apprécié de tous|Quelqu’un arrive.|Cet écran ne peut rien choisir.',
	es: 'Igual para todos|Elegido para usted|Elegir para mí …|¿Por qué esto?|No es para mí|Desactivar|Hablar con alguien|Saber más|Anuncio pagado por|Hecho por una máquina|Elegido por el equipo|por|gusta a todos|Alguien viene.|Esta pantalla no puede elegir.',
	ar: 'نفس القائمة للجميع|مختار لك|اختر لي …|لماذا هذا؟|ليس لي|إيقاف|التحدث مع شخص|المزيد|إعلان مدفوع من|من صنع آلة|اختيار فريقنا|بسبب|محبوب لدى الجميع|سيأتي أحدهم.|لا تستطيع هذه الشاشة الاختيار الآن.',
	ja: '全員に同じ|あなた向け|わたし向けに選ぶ …|なぜこれ？|興味なし|オフにする|人と話す|詳しく|広告主：|機械が作成|スタッフ推薦|理由：|人気|係員が参ります。|今は選べません。',
};
const wordsOf = lang => {
	const list = (words[lang] || words[lang.split('-')[0]] || words.en).split('|');
	return Object.fromEntries(KEYS.map((key, i) => [key, list[i]]));
};

/* ---- The wire ---- */

/* The launcher opens the page with #token=…; it does not stay in the address. */
const given = new URLSearchParams(location.hash.slice(1)).get('token');
if (given) {
	sessionStorage.setItem('sotto-token', given);
	history.replaceState(null, '', location.pathname + location.search);
}
let calls = 0;
export async function rpc(method, params = {}) {
	const answer = await fetch('/rpc', {
		method: 'POST',
		headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ' + sessionStorage.getItem('sotto-token') },
		body: JSON.stringify({ jsonrpc: '2.0', id: ++calls, method, params }),
	}).then(r => r.json());
	if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
	return answer.result;
}

/* ---- Elements ---- */

const NO_CONSENT = 3; /* SOTTO_WHY_NO_CONSENT */

const el = (tag, props = {}, ...children) => {
	const e = Object.assign(document.createElement(tag), props);
	e.append(...children.filter(Boolean));
	return e;
};
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { display: block; color: var(--sotto-ink, #1a1a1a); background: var(--sotto-paper, #fff); line-height: 1.5; overflow-wrap: anywhere }
[role=status]:not(:empty), li { padding: .75em; border: 2px solid; border-radius: .5em }
h2 { margin: 0; font-size: 1.25em }
p { margin: .5em 0 }
ul { padding: 0; display: grid; gap: 1em; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15em), 1fr)) }
li { display: flex; flex-direction: column; gap: .5em }
nav { display: flex; flex-wrap: wrap; gap: .5em }
button { font: inherit; color: inherit; background: none; border: 2px solid; border-radius: .5em; min-width: 44px; min-height: 44px; padding: .25em .75em; text-align: start }
:focus-visible { outline: 4px solid var(--sotto-focus, #0b57d0); outline-offset: 2px }
.title { font-weight: bold; border: 0; padding: 0 }
`);
class Part extends HTMLElement {
	constructor() {
		super();
		this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
	}
	button(text, onclick, props) { return el('button', { type: 'button', textContent: text, onclick, ...props }); }
}

/* Live, and empty until it has something to say (ARIA22); takes no focus, never leaves by itself. */
class SottoBanner extends Part {
	constructor() {
		super();
		this.box = el('div');
		this.box.setAttribute('role', 'status');
		this.shadowRoot.append(this.box);
	}
	/* Shows a packet; then what was proven. */
	ask(packet) {
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
			const plain = el('p', { textContent: packet.plain, hidden: true });
			const yes = this.button(label('accept'), () => { answer = 'accepted'; yes.setAttribute('aria-pressed', 'true'); look(); });
			/* Seen in one piece: what covers the box, leaves it out or hides the page starts it anew. */
			const look = () => {
				const r = this.box.getBoundingClientRect();
				const open = [[1, 1], [1, 9], [9, 1], [9, 9], [5, 5]].every(([x, y]) =>
					document.elementFromPoint(r.left + r.width * x / 10, r.top + r.height * y / 10) === this);
				if (!inView || !open || document.visibilityState !== 'visible') since = 0;
				else since = since || performance.now();
				if (since && performance.now() - since >= packet.min_display_ms && (answer !== 'none' || !packet.must_acknowledge)) end(answer);
			};
			const watcher = new IntersectionObserver(es => {
				const e = es.at(-1);
				inView = e.intersectionRatio > .99 && e.isVisible !== false;
				look();
			}, { threshold: [0, .995], trackVisibility: true, delay: 100 });
			this.box.replaceChildren(
				el('h2', { textContent: packet.title }), el('p', { textContent: packet.short }), plain,
				el('nav', {}, yes, this.button(label('decline'), () => end('declined')),
					this.button(w.more, () => { plain.hidden = !plain.hidden; }),
					this.button(label('person'), () => this.dispatchEvent(new CustomEvent('sotto-person', { bubbles: true, composed: true })))));
			watcher.observe(this.box);
			const timer = setInterval(look, 100);
		});
	}
}

/* Attributes: count, profile, banner (id of the page's <sotto-banner>; else one goes before). */
class SottoSlate extends Part {
	connectedCallback() { this.show(); }
	get banner() {
		const own = document.getElementById(this.getAttribute('banner'));
		if (own) return own;
		if (!this.made) this.before(this.made = el('sotto-banner'));
		return this.made;
	}
	/* In this visit's session; a new one where it was idle for too long. */
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
		const had = this.shadowRoot.activeElement;
		try {
			const { slate } = await this.call('slate', { count: +this.getAttribute('count') || 8 });
			const { packet } = await rpc('disclosure', { slate }).catch(() => ({})); /* then it opens as general */
			if (packet) {
				this.lang = packet.locale;
				this.dir = packet.direction;
				await rpc('disclosure.confirm', { slate, hash: packet.hash, channels: ['screen'], ...await this.banner.ask(packet) }).catch(() => {});
			}
			this.fill(slate, await rpc('open', { slate }));
		} catch (e) {
			this.shadowRoot.replaceChildren(el('p', { role: 'alert', textContent: wordsOf(document.documentElement.lang).failed }));
			this.dispatchEvent(new CustomEvent('sotto-failed', { bubbles: true, detail: e }));
		}
		if (had) this.shadowRoot.querySelector('h2')?.focus();
	}
	fill(slate, opened) {
		const w = wordsOf(this.lang || document.documentElement.lang);
		const word = state => async () => { await this.call('consent.set', { purpose: 'personalise', state }); this.show(); };
		const list = el('ul', {}, ...opened.items.map(item => this.item(slate, item, w)));
		this.shadowRoot.replaceChildren(
			el('h2', { tabIndex: -1, textContent: opened.personalised ? w.mine : w.general }), list,
			el('nav', {}, opened.personalised ? this.button(w.off, word('withdrawn'))
				: opened.why === NO_CONSENT && this.button(w.on, word('granted')),
			this.button(w.person, () => this.person(w))));
	}
	item(slate, item, w) {
		const why = el('p', { hidden: true });
		const labels = [item.payer && `${w.ad} ${item.payer}`, item.synthetic && w.synthetic, item.staff_pick && w.staff];
		return el('li', {},
			this.button(item.title || item.id, () => {
				this.call('event', { item: item.id, type: 'view' });
				this.dispatchEvent(new CustomEvent('sotto-item', { bubbles: true, detail: item }));
			}, { className: 'title' }),
			...labels.map(text => text && el('small', { textContent: text })), why,
			el('nav', {},
				this.button(w.why, async e => {
					const { reasons } = await rpc('explain', { slate, rank: item.rank });
					why.textContent = reasons.map(r => r.item ? `${w.because} ${r.title || r.item}` : w.popular).join(' · ');
					why.hidden = !why.hidden;
					e.target.setAttribute('aria-expanded', !why.hidden);
				}),
				this.button(w.not, async () => { await this.call('block', { item: item.id }); this.show(); })));
	}
	async person(w) {
		const { text } = await this.call('handoff', {}).catch(e => ({ text: e.message }));
		this.shadowRoot.querySelector('nav:last-child').after(el('p', { role: 'status', textContent: text || w.coming }));
	}
}
customElements.define('sotto-banner', SottoBanner);
customElements.define('sotto-slate', SottoSlate);
