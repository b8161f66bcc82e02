/** The reference page: its filter, and buttons that copy commands. Without it the page is read as it is. */

const part = (name) => document.querySelector(`[data-part="${name}"]`);
const filter = part("filter");
const articles = [...document.querySelectorAll(".operation")];
const words = new Map(articles.map((article) => [article, article.dataset.words.toLowerCase()]));

/** Show the operations whose words hold all that was typed, and what belongs to them. */
function show(text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const sections = new Set();
  for (const article of articles) {
    const matches = wanted.every((word) => words.get(article).includes(word));
    article.hidden = !matches;
    document.querySelector(`[data-entry="${article.id}"]`).hidden = !matches;
    if (matches) sections.add(article.parentElement.dataset.section);
  }
  for (const section of document.querySelectorAll("[data-section]")) {
    section.hidden = !sections.has(section.dataset.section);
  }
  document.querySelector("#introduction").hidden = wanted.length > 0;
  part("codes").hidden = wanted.length > 0;
  part("nothing").hidden = sections.size > 0;
}

/** A link into what the filter hides clears the filter. */
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("[hidden]")) {
    filter.value = "";
    show("");
    target.scrollIntoView();
  }
}

function addCopyButton(block) {
  const button = document.querySelector("#t-copy").content.firstElementChild.cloneNode(true);
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await copy(block);
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = label), 2000);
  });
  block.before(button);
}

/** Browsers give their clipboard to pages under TLS and on the own machine alone; elsewhere the old way is left. */
async function copy(block) {
  if (navigator.clipboard) return navigator.clipboard.writeText(block.textContent);
  getSelection().selectAllChildren(block);
  document.execCommand("copy");
  getSelection().removeAllRanges();
}

filter.hidden = false;
filter.addEventListener("input", () => show(filter.value));
addEventListener("hashchange", reveal);
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, textarea")) return;
  event.preventDefault();
  filter.focus();
});
if (matchMedia("(max-width: 60rem)").matches) part("contents").open = false;
document.querySelectorAll("[data-copy]").forEach(addCopyButton);
if (filter.value) show(filter.value);
