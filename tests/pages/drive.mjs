/* drive: uses the two sample pages as a person would, in a real browser, and looks on. Prints TAP's
 * `ok - ` and `not ok - ` lines. Called by run.sh.
 *
 *     node drive.mjs MODULES PICTURES KIOSK_URL ARABIC_URL IDLE_URL LABELS_URL
 *
 * URLs with #token=…. IDLE_URL's visits idle out within seconds. LABELS_URL sells places; its daemon
 * is the process SOTTOD_PID, and can be started anew as SOTTOD --config SOTTOD_CONFIG. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [modules, pictures, kioskUrl, arabicUrl, idleUrl, labelsUrl] = process.argv.slice(2);
const load = createRequire(join(modules, 'package.json'));
const { chromium } = load('playwright-core');
const axe = readFileSync(load.resolve('axe-core/axe.min.js'), 'utf8');

let failed = 0;
function check(sentence, is, detail = '') {
  console.log(`${is ? 'ok' : 'not ok'} - ${sentence}`);
  if (!is) failed++, console.log(`    ${JSON.stringify(detail)}`);
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium', headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/* A page with its calls to the device written down. */
async function open(url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const calls = [], complaints = [];
  page.on('request', r => { if (r.url().endsWith('/rpc')) calls.push(r.postDataJSON()); });
  page.on('console', m => { if (m.type() === 'error') complaints.push(m.text()); });
  page.on('pageerror', e => complaints.push(String(e)));
  await page.goto(url);
  const slate = page.locator('sotto-slate'), banner = page.locator('sotto-banner [role=status]');
  await slate.locator('li').first().waitFor();
  const confirms = () => calls.filter(c => c.method === 'disclosure.confirm');
  return { page, slate, banner, calls, complaints, confirms, heading: () => slate.locator('h2').textContent() };
}
const picture = (page, name) => page.screenshot({ path: join(pictures, name + '.png'), fullPage: true });
/* What axe finds, by its rules for WCAG 2.2 AA and its best practices; through the debugger, past the
 * page's policy. */
async function faults(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run());
  return found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target).join(' ')}`);
}
async function accessible(page, what) {
  const found = await faults(page);
  check(`axe finds no violation: ${what}`, found.length === 0, found);
}
const small = page => page.evaluate(() => {
  const all = root => [...root.querySelectorAll('*')].flatMap(e => [...(e.matches('button') ? [e] : []), ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
  return all(document).map(b => [b.textContent, b.getBoundingClientRect()]).filter(([, r]) => r.width && (r.width < 44 || r.height < 44)).map(([t, r]) => [t, r.width, r.height]);
});
const wide = page => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/* ---- A kiosk, from the first visit to "turn off" ---- */
{
  const k = await open(kioskUrl);
  const { page, slate, banner } = k;
  check('the token does not stay in the address', !page.url().includes('token'), page.url());
  check('who has said nothing sees what everyone sees, and is told so', await k.heading() === 'The same for everyone', await k.heading());
  check('nothing was disclosed and nothing asked', k.confirms().length === 0 && !(await banner.isVisible()));
  await accessible(page, 'the first slate');
  await picture(page, 'kiosk-first');

  for (const i of [0, 1]) await slate.locator('li .title').nth(i).click();
  await slate.getByText('Choose for me').click();
  await banner.getByRole('heading').waitFor();
  check('the banner is a status and takes no focus', await page.evaluate(() => document.activeElement?.tagName !== 'SOTTO-BANNER'));
  check('yes and no look alike', await banner.evaluate(b => {
    const [yes, no] = b.querySelectorAll('button');
    const look = e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.fontSize, s.fontWeight, s.borderTopWidth, s.borderTopColor].join(); };
    return look(yes) === look(no);
  }));
  await accessible(page, 'the banner');
  await picture(page, 'kiosk-banner');

  /* Nobody could see it: something lies over it, or the page is hidden. */
  const yes = banner.getByRole('button', { name: 'Yes' });
  await page.evaluate(() => {
    const over = document.body.appendChild(document.createElement('div'));
    over.id = 'over';
    Object.assign(over.style, { position: 'fixed', inset: 0, background: 'white' });
  });
  await yes.evaluate(b => b.click());
  await pause(1500);
  check('a covered banner gives no receipt', k.confirms().length === 0, k.calls);
  await page.evaluate(() => {
    document.getElementById('over').remove();
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
  });
  await pause(1500);
  check('a hidden page gives no receipt', k.confirms().length === 0);
  await page.evaluate(() => {
    delete document.visibilityState;
    document.querySelector('sotto-banner').style.transform = 'translateX(-60%)';
  });
  await pause(1500);
  check('a banner that is half outside gives no receipt', k.confirms().length === 0);
  check('and no slate was opened for it', await k.heading() === 'The same for everyone');
  await page.evaluate(() => { document.querySelector('sotto-banner').style.transform = ''; });
  await slate.getByText('Chosen for you').waitFor();
  const [receipt] = k.confirms();
  check('seen for long enough and answered, it does', receipt?.params.answer === 'accepted' && receipt.params.visible_ms >= 500, receipt);
  check('what was hidden does not count as seen', receipt?.params.visible_ms < 1500, receipt);
  check('the banner is gone and empty', await banner.evaluate(b => b.childElementCount) === 0);
  await accessible(page, 'the chosen slate');
  check('every target is at least 44 by 44', (await small(page)).length === 0, await small(page));

  await slate.getByText('Why this?').first().click();
  await slate.locator('li p').first().waitFor();
  const why = await slate.locator('li p').first().textContent();
  check('why this: it names what led there', /because of .+/.test(why), why);
  await picture(page, 'kiosk-chosen');

  const unwanted = await slate.locator('li .title').first().textContent();
  const titles = () => slate.locator('li .title').allTextContents();
  await slate.getByText('Not for me').first().click();
  await slate.locator('li .title').first().filter({ hasNotText: unwanted }).waitFor();
  check('not for me: the item is gone from the next slate', (await titles()).length === 8 && !(await titles()).includes(unwanted), await titles());
  check('and that one is chosen too, without asking again', await slate.locator('h2').textContent() === 'Chosen for you' && k.confirms().length === 1);
  await slate.getByText('Talk to a person').click();
  await slate.getByText('Ring the bell at the desk.').waitFor();
  check('talk to a person: with nobody there it says what to do instead', await slate.locator('[role=status]').textContent() === 'Ring the bell at the desk.');
  await accessible(page, 'a call for a person');
  await picture(page, 'kiosk-person');

  await slate.getByText('Turn off').click();
  await slate.getByText('The same for everyone').waitFor();
  const off = k.calls.find(c => c.method === 'consent.set' && c.params.state === 'withdrawn');
  check('turn off takes consent back, and shows what everyone sees', off?.params.purpose === 'personalise', k.calls);
  check('the focus stays with the slate', await page.evaluate(() => document.activeElement?.tagName === 'SOTTO-SLATE'));

  const disclosed = k.confirms().length;
  await slate.locator('li .title').first().click();
  await slate.getByText('Choose for me').click();
  await slate.getByText('Turn off').waitFor();
  check('what was looked at after a no counts for no later yes', await k.heading() === 'The same for everyone' && k.confirms().length === disclosed);
  await slate.locator('li .title').first().click();
  await page.evaluate(() => { document.querySelector('sotto-slate').show(); });
  await banner.getByRole('button', { name: 'No' }).click();
  await pause(300);
  check('no on the banner is heard at once', k.confirms().at(-1).params.answer === 'declined' && await k.heading() === 'The same for everyone');
  check('the browser has nothing to complain of', k.complaints.length === 0, k.complaints);

  await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
  check('text of twice the size fits', !(await wide(page)));
  await picture(page, 'kiosk-200');
  await page.evaluate(() => { document.documentElement.style.fontSize = ''; });
  await page.setViewportSize({ width: 320, height: 800 });
  check('320 pixels are wide enough', !(await wide(page)));
  await page.context().close();
}

/* ---- Twice the text, forced colours, right to left: the banner itself ---- */
async function banner(url, name, options, prepare = () => {}) {
  const k = await open(url, options);
  await prepare(k.page);
  await k.slate.locator('li .title').first().click();
  await k.slate.locator('.row').last().getByRole('button').first().click();
  await k.banner.getByRole('heading').waitFor();
  await accessible(k.page, name);
  check(`nothing is wider than the screen: ${name}`, !(await wide(k.page)));
  await picture(k.page, name);
  return k;
}
{
  const k = await banner(kioskUrl, 'banner-forced-colours', { forcedColors: 'active', reducedMotion: 'reduce' });
  await k.page.context().close();
}
{
  const k = await banner(kioskUrl, 'banner-200', {}, page => page.evaluate(() => { document.documentElement.style.fontSize = '200%'; }));
  await k.page.context().close();
}
{
  const k = await banner(arabicUrl, 'banner-arabic', {});
  check('Arabic stands right to left', await k.page.locator('sotto-banner').evaluate(b => getComputedStyle(b).direction) === 'rtl' &&
    await k.page.locator('sotto-banner').getAttribute('lang') === 'ar');
  await k.banner.getByRole('button').first().click();
  await k.slate.getByText('مختار لك').waitFor();
  await picture(k.page, 'kiosk-arabic');
  await accessible(k.page, 'the Arabic slate');
  await k.page.context().close();
}

/* ---- Ten feet away, with a remote control ---- */
{
  const k = await open(kioskUrl.replace('kiosk.html', 'tenfoot.html'), { viewport: { width: 1920, height: 1080 } });
  const { page, slate, banner } = k;
  const at = () => page.evaluate(() => {
    let e = document.activeElement;
    while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    return e?.textContent;
  });
  /* Arrow keys until the focus is on a button with this text. */
  const reach = async (text, keys) => {
    for (let i = 0; i < 40; i++) {
      if ((await at())?.includes(text)) return true;
      await page.keyboard.press(keys[i % keys.length]);
    }
    return false;
  };
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter'); /* the first item: something to go by */
  check('the remote reaches "choose for me"', await reach('Choose for me', ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowLeft']), await at());
  await page.keyboard.press('Enter');
  await banner.getByRole('heading').waitFor();
  await accessible(page, 'the ten-foot banner');
  await picture(page, 'tenfoot-banner');
  check('the remote reaches the banner\'s yes', await reach('Yes', ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowLeft']), await at());
  await page.keyboard.press('Enter');
  await slate.getByText('Chosen for you').waitFor();
  await accessible(page, 'the ten-foot slate');
  check('every target is at least 44 by 44, ten feet away', (await small(page)).length === 0, await small(page));
  check('nothing is wider than the television', !(await wide(page)));
  await picture(page, 'tenfoot-chosen');
  check('the browser has nothing to complain of, ten feet away', k.complaints.length === 0, k.complaints);
}

/* ---- Somebody goes away ---- */
{
  const k = await open(idleUrl);
  await k.slate.locator('li .title').first().click();
  await k.slate.getByText('Choose for me').click();
  await k.banner.getByRole('button', { name: 'Yes' }).click();
  await k.slate.getByText('Chosen for you').waitFor();
  const begun = () => k.calls.filter(c => c.method === 'session.begin').length, before = begun();
  await k.slate.getByText('The same for everyone').waitFor({ timeout: 40000 });
  check('a visit that idles out goes back to what everyone sees, in a new one', begun() === before + 1, k.calls);
  check('and nothing was asked or taken back for it', !k.calls.some(c => c.params?.state === 'withdrawn') && k.confirms().length === 1);

  await k.slate.locator('li .title').first().click();
  await k.slate.getByText('Choose for me').click();
  await k.banner.getByRole('heading').waitFor();
  const visits = begun();
  await k.banner.getByRole('heading').waitFor({ state: 'detached', timeout: 40000 });
  for (let i = 0; i < 50 && begun() === visits; i++) await pause(100);
  check('a question that nobody answered goes with its visit', begun() === visits + 1 && await k.heading() === 'The same for everyone', k.calls);
  await k.page.context().close();
}

/* ---- An ad, a machine's and the staff's item; then the daemon starts anew ---- */
{
  const k = await open(labelsUrl);
  const { page, slate, banner } = k;
  const item = text => slate.locator('li').filter({ hasText: text });
  for (const text of ['Ad, paid for by Acme Foods', 'Made by a machine', 'Picked by our team'])
    check(`an item says of itself: ${text}`, await item(text).count() === 1, await slate.locator('li').allTextContents());
  await item('Ad, paid for by').getByText('Why this?').click();
  await item('Ad, paid for by').locator('p').waitFor();
  const why = await item('Ad, paid for by').locator('p').textContent();
  check('why this: an ad names its payer', why.includes('Ad, paid for by Acme Foods'), why);
  await accessible(page, 'a slate with an ad');
  await picture(page, 'kiosk-labels');

  for (let i = 0; i < 6; i++) {
    await page.reload();
    await slate.locator('li').first().waitFor();
  }
  check('who reloads the page again and again still has one', await k.heading() === 'The same for everyone', k.calls);

  await slate.locator('li .title').first().click();
  await slate.getByText('Choose for me').click();
  await banner.getByRole('button', { name: 'Yes' }).click();
  await slate.getByText('Chosen for you').waitFor();
  process.kill(Number(process.env.SOTTOD_PID));
  await pause(1500);
  check('without the daemon nothing that was chosen stays on the screen', !(await slate.getByText('Chosen for you').isVisible()));
  const again = spawn(process.env.SOTTOD, ['--config', process.env.SOTTOD_CONFIG], { stdio: 'ignore' });
  await slate.getByText('The same for everyone').waitFor({ timeout: 20000 });
  check('when it is back, there is what everyone sees', (await slate.locator('li').count()) === 8);
  again.kill();
  await page.context().close();
}

await browser.close();
process.exit(failed ? 1 : 0);
