// Drives the dashboard as a person does: node dashboard.mjs URL PASSWORD VICTIM PICTURES
// Says "send the storm" when the overview is open and waits for it; prints "ok" at the end, or what is wrong, and ends with 1.
import { chromium } from "playwright-core";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import assert from "node:assert/strict";

const [url, password, victim, pictures] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sizes = { phone: { width: 390, height: 844 }, desk: { width: 1400, height: 900 } };
const maxFirstPaint = 300 * 1024;
mkdirSync(pictures, { recursive: true });

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const wrong = [];

// A page that notes what a person would never be told: errors in the console, requests elsewhere, octets loaded.
async function open(context) {
  const page = await context.newPage();
  page.loaded = 0;
  page.on("console", (m) => { if (m.type() === "error" && !/status of 401/.test(m.text())) wrong.push(`${page.url()}: console: ${m.text()}`); });
  page.on("pageerror", (e) => wrong.push(`${page.url()}: ${e.message}`));
  page.on("request", (r) => { if (!r.url().startsWith(url) && !r.url().startsWith("data:")) wrong.push(`${page.url()}: asks ${r.url()}`); });
  page.on("requestfinished", async (r) => {
    const sizesOf = await r.sizes().catch(() => null);
    page.loaded += sizesOf ? sizesOf.responseBodySize + sizesOf.responseHeadersSize : 0;
  });
  return page;
}

async function look(page, name, checks = true) {
  await page.waitForTimeout(300); // the chart draws in the next frame
  await page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (overflow > 1) wrong.push(`${name}: wider than the window by ${overflow} px`);
  if (!checks) return;
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }));
  for (const v of violations) wrong.push(`${name}: axe ${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(" | ")}`);
}

async function logIn(page, text) {
  await page.goto(url + "/");
  await page.getByLabel("Password").fill(text);
  await page.getByRole("button", { name: "Log in" }).click();
}

try {
  // Login: refused, then accepted.
  const first = await browser.newContext({ viewport: sizes.desk, bypassCSP: true });
  const desk = await open(first);
  await logIn(desk, "not the password");
  await desk.getByRole("alert").getByText("The password is wrong.").waitFor();
  await look(desk, "login-desk");
  await desk.getByLabel("Password").fill(password);
  desk.loaded = 0;
  await desk.getByRole("button", { name: "Log in" }).click();
  await desk.getByRole("heading", { name: "Overview" }).waitFor();
  await desk.locator("#chart canvas").waitFor();
  await desk.waitForTimeout(500);
  console.error(`first paint: ${Math.round(desk.loaded / 1024)} KB`);
  assert.ok(desk.loaded > 1000 && desk.loaded < maxFirstPaint, `first paint loads ${desk.loaded} octets`);
  await desk.getByText("Calm.").waitFor();
  await look(desk, "calm-desk");

  // A storm, seen live: nobody reloads.
  console.log("send the storm");
  await desk.locator("#state.storm").waitFor({ timeout: 60_000 });
  await desk.getByRole("link", { name: victim }).first().waitFor();
  await desk.waitForFunction(() => Number(document.querySelector('[data-f="filed"]').textContent.replace(/,/g, "")) > 0);
  const before = await desk.locator('[data-f="now"]').textContent();
  await desk.waitForFunction((b) => document.querySelector('[data-f="now"]').textContent !== b, before);
  await look(desk, "storm-desk");
  assert.equal(await desk.locator('[data-f="generated"]').textContent(), "0");

  // Keyboard: the first key leads to the content.
  await desk.keyboard.press("Tab");
  assert.equal(await desk.evaluate(() => document.activeElement.textContent), "To the content");

  // Every page in both widths, light and dark.
  const state = await first.storageState();
  for (const [name, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport, colorScheme, storageState: state, bypassCSP: true });
      const page = await open(context);
      for (const path of ["/", "/storms", "/messages", "/queue", "/actions"]) {
        await page.goto(url + path);
        await look(page, `${path === "/" ? "overview" : path.slice(1)}-${name}-${colorScheme}`);
      }
      await page.goto(url + "/storms");
      await page.locator("main td a").first().click();
      await page.getByRole("heading", { name: /^Storm to/ }).waitFor();
      await look(page, `storm-${name}-${colorScheme}`);
      await page.goto(url + "/messages");
      await page.locator("main td a").first().click();
      await page.getByRole("button", { name: "Give back to INBOX" }).waitFor();
      await look(page, `message-${name}-${colorScheme}`);
      await context.close();
    }
  }

  // A message is found, explained and given back.
  await desk.goto(url + "/messages");
  await desk.getByLabel(/Sender, subject/).fill("unproved");
  await desk.getByRole("button", { name: "Search" }).click();
  await desk.locator("main td a").first().click();
  await desk.getByRole("heading", { name: "What it is" }).waitFor();
  await desk.getByRole("button", { name: "Give back to INBOX" }).click();
  await desk.getByText(/is in INBOX of/).waitFor();
  await look(desk, "released-desk");

  // Strict mode is set, seen, and ended.
  await desk.goto(url + "/actions");
  await desk.getByLabel("Address", { exact: true }).fill(victim);
  await desk.getByRole("button", { name: "Set" }).click();
  await desk.getByRole("cell", { name: victim, exact: true }).first().waitFor();
  await desk.getByLabel(/Address or network/).fill("192.0.2.0/24");
  await desk.getByRole("button", { name: "Block" }).click();
  await desk.getByRole("cell", { name: "192.0.2.0/24", exact: true }).waitFor();
  await look(desk, "actions-set-desk");
  await desk.getByRole("button", { name: "End now for 192.0.2.0/24" }).click();
  await desk.getByRole("cell", { name: "192.0.2.0/24", exact: true }).waitFor({ state: "detached" });

  // Tables without script; a form from elsewhere is refused; logged out is out.
  const plain = await open(await browser.newContext({ viewport: sizes.desk, javaScriptEnabled: false, storageState: state }));
  await plain.goto(url + "/");
  assert.ok((await plain.locator("main table").first().locator("tr").count()) > 1);
  const forged = await first.request.post(url + "/actions/strict", { form: { address: victim, hours: "1" } });
  assert.equal(forged.status(), 400);
  await desk.getByRole("button", { name: "Log out" }).click();
  await desk.getByLabel("Password").waitFor();
  const out = await first.request.get(url + "/messages", { maxRedirects: 0 });
  assert.equal(out.status(), 302);
} catch (error) {
  wrong.push(error.message);
} finally {
  await browser.close();
}

wrong.forEach((w) => console.log(w));
console.log(wrong.length === 0 ? "ok" : `${wrong.length} wrong`);
process.exit(wrong.length === 0 ? 0 : 1);
