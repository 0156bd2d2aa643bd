// Opens a page in Chromium as a reader does, in light and as printed, and has axe-core look at its accessibility.
// node page_check.mjs PAGE CHROMIUM FOLDER: writes screen.png, print.png and print.pdf, prints what was found as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [page, chromium, folder] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`);
const { chromium: driver } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await driver.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
try {
  // Axe is a script, which the page's own policy rightly refuses.
  const context = await browser.newContext({ bypassCSP: true, viewport: { width: 1100, height: 900 } });
  const tab = await context.newPage();
  const asked = [];
  const said = [];
  tab.on("request", (request) => asked.push(request.url()));
  tab.on("console", (message) => said.push(message.text()));
  await tab.goto(pathToFileURL(page).href);
  const found = {};
  for (const media of ["screen", "print"]) {
    await tab.emulateMedia({ media, colorScheme: "light" });
    await tab.evaluate(axe);
    const { violations, incomplete } = await tab.evaluate(() => globalThis.axe.run());
    found[media] = violations.map((each) => `${each.id}: ${each.help} (${each.nodes[0].html.slice(0, 120)})`);
    found[`${media}_unsure`] = incomplete.map((each) => each.id);
    await tab.screenshot({ path: `${folder}/${media}.png`, fullPage: true });
  }
  await tab.setViewportSize({ width: 360, height: 800 });
  await tab.emulateMedia({ media: "screen" });
  const wide = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  // As paper, not as a screen: what is emulated goes for the PDF too.
  await tab.emulateMedia({ media: "print" });
  await tab.pdf({ path: `${folder}/print.pdf`, preferCSSPageSize: true });
  const charts = await tab.locator("svg[role=img][aria-label]").count();
  const tables = await tab.locator("table caption").count();
  console.log(JSON.stringify({ ...found, asked, said, overflow: wide, charts, tables }));
} finally {
  await browser.close();
}
