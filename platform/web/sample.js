/* sample.js: the language that ?lang= asks for, as a kiosk's launcher would. Loaded before sotto.js. */
const WELCOME = { de: 'Willkommen', fr: 'Bienvenue', es: 'Bienvenido', ar: 'أهلاً وسهلاً', ja: 'ようこそ' };
const lang = new URLSearchParams(location.search).get('lang');
if (lang) {
  document.documentElement.lang = lang;
  document.documentElement.dir = /^(ar|fa|he|ur)\b/.test(lang) ? 'rtl' : 'ltr';
  document.querySelector('h1').textContent = WELCOME[lang] || document.querySelector('h1').textContent;
}
