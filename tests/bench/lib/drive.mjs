// What a person would do in the page, done by the page itself as soon as it can be. Both functions run inside the page.

/**
 * Runs before the page's own scripts. `plan.kind` is `cold` (join, import `plan.bytes` as `plan.dataset`, with a rule for later visits approve
 * `plan.id`) or `warm` (all of that has happened; the rule answers `plan.id`).
 */
export function drive(plan) {
  const marks = {};
  const mark = (name) => (marks[name] = performance.now());
  const byId = (id, rest = "") => document.querySelector(`[data-testid="${id}"]${rest}`);
  const until = (find) =>
    new Promise((resolve) => {
      const look = () => {
        const found = find();
        if (!found) return false;
        observer.disconnect();
        resolve(found);
        return true;
      };
      const observer = new MutationObserver(look);
      if (!look()) observer.observe(document, { subtree: true, childList: true, attributes: true });
    });
  const pressable = (id) => until(() => byId(id, ":not(:disabled)"));
  const show = () => (location.hash = `#/computations/${plan.id}`);
  const held = () => until(() => byId("shares", '[data-held="3"]'));

  const steps = {
    async cold() {
      const join = await pressable("join");
      mark("usable");
      join.click();
      until(() => byId("status", '[data-up="3"]')).then(() => mark("connected"));
      location.hash = "#/data";
      const file = await until(() => byId("file"));
      const bytes = Uint8Array.from(atob(plan.bytes), (letter) => letter.charCodeAt(0));
      const picked = new DataTransfer();
      picked.items.add(new File([bytes], "penguins.json", { type: "application/json" }));
      file.files = picked.files;
      file.dispatchEvent(new Event("input", { bubbles: true }));
      file.dispatchEvent(new Event("change", { bubbles: true }));
      const name = await until(() => byId("dataset-name"));
      name.value = plan.dataset;
      name.dispatchEvent(new Event("input", { bubbles: true }));
      (await pressable("import")).click();
      await until(() => byId("dataset", `[data-name="${plan.dataset}"]`));
      mark("imported");
      show();
      const approve = await pressable("approve");
      mark("asked");
      const always = byId("always");
      if (!always.checked) always.click();
      approve.click();
      await held();
    },
    async warm() {
      until(() => byId("status", '[data-up="3"]')).then(() => mark("connected"));
      until(() => byId("nav")).then(() => mark("usable"));
      show();
      await until(() => byId("detail"));
      mark("asked");
      await held();
    },
  };
  window.driven = steps[plan.kind]().then(() => {
    mark("held");
    return marks;
  });
}

/** The marks once the last step is done. */
export function followed(limitMs) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`not done after ${limitMs} ms`)), limitMs));
  return Promise.race([window.driven, late]);
}
