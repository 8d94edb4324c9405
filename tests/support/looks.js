// What a page looks like, told to the tests of the pages.
({
  // What has less contrast than WCAG 2 wants at level AA.
  contrasts() {
    const parts = (text) => text.match(/[0-9.]+/g).map(Number);
    const linear = (each) => (each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4);
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const behind = (node) => {
      for (let each = node; each; each = each.parentElement) {
        const colour = parts(getComputedStyle(each).backgroundColor);
        if (colour.length < 4 || colour[3] === 1) return colour;
      }
      return [255, 255, 255];
    };
    const found = [];
    for (const node of document.querySelectorAll("body *")) {
      const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
      const seen = node.checkVisibility({ visibilityProperty: true });
      if (!own || !seen || node.closest(".sr, noscript, dialog:not([open])")) continue;
      const style = getComputedStyle(node);
      const [a, b] = [light(parts(style.color)), light(behind(node))].sort((x, y) => y - x);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < (large ? 3 : 4.5)) found.push(`${node.tagName}.${node.className} ${node.textContent}: ${ratio.toFixed(2)}`);
    }
    return found;
  },

  // Figures and names that don't fit their place.
  cut(selector) {
    return [...document.querySelectorAll(selector)]
      .filter((node) => node.checkVisibility() && getComputedStyle(node).display !== "inline")
      .filter((node) => node.scrollWidth > node.clientWidth + 1)
      .map((node) => `${node.className}: ${node.textContent}`);
  },

  // How far the page goes beyond the screen, in pixels to the side and downwards.
  beyond() {
    const all = document.documentElement;
    return [all.scrollWidth - innerWidth, all.scrollHeight - innerHeight];
  },

  sizes(selector) {
    return [...document.querySelectorAll(selector)].map((node) => parseFloat(getComputedStyle(node).fontSize));
  },

  // Counts in window.announced what screen readers are told from now on.
  listen() {
    window.announced = 0;
    const count = new MutationObserver((changes) => (window.announced += changes.length));
    for (const node of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
      count.observe(node, { subtree: true, childList: true, characterData: true });
    }
  },

  // Keeps in window.history each text of these elements, with the instant when it came.
  record(selectors) {
    window.history_of = Object.fromEntries(Object.keys(selectors).map((name) => [name, []]));
    const look = () => {
      const at = (performance.timeOrigin + performance.now()) / 1000;
      for (const [name, [selector, attribute]] of Object.entries(selectors)) {
        const node = document.querySelector(selector);
        const value = node && (attribute ? node.getAttribute(attribute) : node.textContent);
        const kept = window.history_of[name];
        if (!kept.length || kept[kept.length - 1][1] !== value) kept.push([at, value]);
      }
    };
    look();
    const options = { subtree: true, childList: true, characterData: true, attributes: true };
    new MutationObserver(look).observe(document.body, options);
  },
});
