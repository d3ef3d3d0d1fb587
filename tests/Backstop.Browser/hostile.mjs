// Looks at the dashboard after strangers have sent what they could: node hostile.mjs URL PASSWORD SMTPPORT RECIPIENT
// Prints "ok" at the end, or what is wrong, and ends with 1.
import { chromium } from "playwright-core";
import { createConnection } from "node:net";
import { createServer as createWeb } from "node:http";
import { once } from "node:events";
import assert from "node:assert/strict";

const [url, password, port, recipient] = process.argv.slice(2);
const wrong = [];
const run = "window.pwned=1;alert(1)";
const payloads = [
  `<script>${run}</script>`, `"><img src=x onerror="${run}">`, `'><svg onload='${run}'>`, `</title></script><script>${run}</script>`, `" autofocus onfocus="${run}" x="`,
  `javascript:${run}`, `<a href="javascript:${run}">click</a>`, `<iframe srcdoc="<script>parent.pwned=1</script>">`, `{{constructor.constructor('${run}')()}}`,
  `<meta http-equiv=refresh content="0;url=http://elsewhere.invalid/">`, `<form action=http://elsewhere.invalid/><button>Log in</button></form>`, `<base href=http://elsewhere.invalid/>`,
  `<style>@import"http://elsewhere.invalid/x.css";</style>`, `<!--`, `]]><x>`, `&lt;script&gt;${run}&lt;/script&gt;`, `\u202Egnp.exe`, `\u2067\u2066x`, `=\u0000\u0008\u001B[2J`, "\u{E0041}\u{E0042}",
];

// One session of SMTP; each command waits for its reply.
async function send(sender, message) {
  const socket = createConnection(Number(port), "127.0.0.1");
  let got = "";
  socket.on("data", (d) => { got += d; });
  socket.on("error", () => {});
  const reply = async () => { while (!/^\d{3} .*\r\n/m.test(got)) await once(socket, "data"); const r = got; got = ""; return r; };
  await reply();
  let last = "";
  for (const line of [`EHLO ${payloads[0].replace(/[^!-~]/g, "")}`, `MAIL FROM:<${sender}>`, `RCPT TO:<${recipient}>`, "DATA"]) {
    socket.write(line + "\r\n");
    last = await reply();
    if (last.startsWith("5") && line.startsWith("EHLO")) { socket.write("EHLO far.example\r\n"); last = await reply(); }
    if (!/^[23]/.test(last)) { socket.destroy(); return last; }
  }
  socket.write(message.replace(/\r?\n/g, "\r\n") + "\r\n.\r\n");
  last = await reply();
  socket.end("QUIT\r\n");
  return last;
}

const encoded = (text) => `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;
const raw = (text) => text.replace(/[\0\r\n]/g, "");

// Bounces of what was never sent, which are filed and shown, and mail whose every field is hostile.
async function attack() {
  let taken = 0;
  for (const [i, payload] of payloads.entries()) {
    for (const text of [encoded(payload), raw(payload)]) {
      const returned = `From: ${text} <${recipient}>\nTo: x@far.example\nSubject: ${text}\nMessage-ID: <${raw(payload).replace(/[^!-~]/g, "")}-${i}@bench.test>\n`;
      const bounce = `From: ${text} <mailer-daemon@far.example>\nTo: ${recipient}\nSubject: Undelivered ${text}\nMessage-ID: <${raw(payload)}>\nMIME-Version: 1.0\n`
        + `Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n${text}\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; ${raw(payload)}\n\n`
        + `Final-Recipient: rfc822; ${raw(payload)}@far.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 ${raw(payload)}\n\n--b\nContent-Type: message/rfc822-headers\n\n${returned}\n--b--\n`;
      taken += (await send("", bounce)).startsWith("250") ? 1 : 0;
      const quoted = `"${raw(payload).replace(/[^ -~]/g, "").replace(/["\\]/g, "\\$&").slice(0, 50)}"@far.example`;
      taken += (await send(quoted, `From: ${text} <a@far.example>\nSubject: ${text}\n\n${text}\n`)).startsWith("250") ? 1 : 0;
    }
  }
  return taken;
}

async function check(page, where) {
  const found = await page.evaluate(() => ({
    pwned: "pwned" in window,
    markup: [...document.querySelectorAll("main :is(script:not(#figures), img, iframe, style, meta, base, object, embed, link), main [onerror], main [onload], main [onfocus], main [srcdoc]")].map((e) => e.outerHTML.slice(0, 100)),
    links: [...document.querySelectorAll("a[href], form[action], base")].map((e) => e.href ?? e.action).filter((h) => !h.startsWith(location.origin + "/")),
    title: document.title,
  }));
  if (found.pwned) wrong.push(`${where}: a stranger's script ran`);
  found.markup.forEach((m) => wrong.push(`${where}: a stranger's markup: ${m}`));
  found.links.forEach((l) => wrong.push(`${where}: leads elsewhere: ${l}`));
  if (/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u.test(found.title)) wrong.push(`${where}: control characters in the title`);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const taken = await attack();
  assert.ok(taken > payloads.length, `only ${taken} mails were taken`);
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("dialog", (d) => { wrong.push(`${page.url()}: a dialog: ${d.message()}`); d.dismiss(); });
  page.on("console", (m) => { if (m.type() === "error" && !/status of 40[14]/.test(m.text())) wrong.push(`${page.url()}: console: ${m.text()}`); });
  page.on("request", (r) => { if (!r.url().startsWith(url) && !r.url().startsWith("data:")) wrong.push(`${page.url()}: asks ${r.url()}`); });
  await page.goto(`${url}/login?next=${encodeURIComponent("//elsewhere.invalid/")}`);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await check(page, "overview");

  const queries = payloads.map((p) => `/messages?q=${encodeURIComponent(p.slice(0, 40))}&folder=${encodeURIComponent(p)}`);
  for (const path of ["/storms", "/messages", "/queue", "/actions", ...queries]) {
    await page.goto(url + path);
    await check(page, path);
  }

  await page.goto(url + "/messages");
  const one = await page.locator("main td a").evaluateAll((links) => links.map((a) => a.href));
  assert.ok(one.length >= payloads.length, `${one.length} messages are shown`);
  for (const link of one) {
    await page.goto(link);
    await page.getByRole("heading", { name: "What it is" }).waitFor();
    await check(page, link);
  }

  // Names of files are ours: none leads out of the folder.
  const shown = new URL(one[0]);
  for (const id of ["../../../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "..\\..\\etc\\passwd", "x\0y", ".", "..", "", "cur", "../tmp"]) {
    for (const name of ["id", "folder", "mailbox"]) {
      const asked = new URL(shown);
      asked.searchParams.set(name, id);
      const answer = await context.request.get(asked.href);
      const text = await answer.text();
      if (answer.status() === 200 && !(name === "folder" && id === "") || /root:.*:0:0/.test(text)) wrong.push(`${name}=${JSON.stringify(id)}: ${answer.status()}`);
      if (answer.status() >= 500) wrong.push(`${name}=${JSON.stringify(id)}: ${answer.status()}`);
    }
  }

  // Another site shows it in a frame, to have its buttons clicked: the browser does not.
  const site = createWeb((_, r) => { r.setHeader("Content-Type", "text/html"); r.end(`<iframe src="${url}/actions" width=600 height=400></iframe>`); }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const other = await context.newPage();
  await other.goto(`http://127.0.0.1:${site.address().port}/`);
  await other.waitForTimeout(500);
  const inside = await Promise.all(other.frames().slice(1).map((f) => f.evaluate(() => document.querySelectorAll("form").length).catch(() => 0)));
  if (inside.some((n) => n > 0)) wrong.push("another site shows the page in a frame");
  site.close();
} catch (error) {
  wrong.push(error.message);
} finally {
  await browser.close();
}

wrong.forEach((w) => console.log(w));
console.log(wrong.length === 0 ? "ok" : `${wrong.length} wrong`);
process.exit(wrong.length === 0 ? 0 : 1);
