// Parts of the page that Gradio draws and that break a rule of accessibility: what they mean is corrected as they appear.
const CORRECTIONS = [
  ["footer img[alt]:not([alt=''])", (image) => { image.alt = ""; }], // the text beside it says the same
  [".placeholder-content[role='complementary']", (part) => { part.setAttribute("role", "none"); }],
];

function correct() {
  waiting = false;
  for (const [selector, change] of CORRECTIONS) document.querySelectorAll(selector).forEach(change);
}

let waiting = false;
new MutationObserver(() => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(correct);
}).observe(document.documentElement, { childList: true, subtree: true });
