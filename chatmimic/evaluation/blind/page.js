"use strict";
(() => {
  const test = JSON.parse(document.getElementById("data").textContent);
  const place = document.getElementById("test");
  const total = test.rounds.length;
  const attempt = Math.floor(Math.random() * 2 ** 32).toString(16).padStart(8, "0");
  let answers = []; // numbers of choices
  let undone = 0;
  let revealed = false; // the answer to the last round is shown

  // 32-bit FNV-1a of an ASCII text, as eight hexadecimal digits.
  function hash(text) {
    let value = 0x811c9dc5;
    for (const sign of text) {
      value = Math.imul(value ^ sign.charCodeAt(0), 0x01000193) >>> 0;
    }
    return value.toString(16).padStart(8, "0");
  }

  function isRight(round, choice) {
    return hash(`${test.letters[choice]}:${round}:${test.id}`) === test.rounds[round].mark;
  }

  function rightOf(round) {
    return test.choices.findIndex((_, choice) => isRight(round, choice));
  }

  // The 95 % score interval of Wilson (1927).
  function wilson(right, answered) {
    const z = 1.959964;
    const share = right / answered;
    const middle = share + (z * z) / (2 * answered);
    const half =
      z * Math.sqrt((share * (1 - share)) / answered + (z * z) / (4 * answered * answered));
    const scale = 1 + (z * z) / answered;
    return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
  }

  function code() {
    const letters = test.rounds
      .map((_, round) => (round in answers ? test.letters[answers[round]] : "0"))
      .join("");
    const said = `${test.id}-${attempt}-${letters}-${undone}`;
    return `${said}-${hash(said)}`;
  }

  // --- elements; whatever people wrote is text in them, never markup ---

  function element(name, text, attributes = {}) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function button(text, act, className) {
    const made = element("button", text, { type: "button", dir: "auto" });
    if (className) made.className = className;
    made.addEventListener("click", act);
    return made;
  }

  function contextOf(round) {
    const list = element("ol");
    for (const message of round.context) {
      const line = element("li");
      const who = element("b");
      who.append(element("bdi", message.action ? `* ${message.who}` : `${message.who}:`));
      line.append(who, element("bdi", message.text));
      list.append(line);
    }
    return list;
  }

  function show(...elements) {
    place.replaceChildren(...elements);
    window.scrollTo(0, 0);
  }

  // --- what is shown ---

  function showRound() {
    if (answers.length === total && !revealed) return showEnd();
    const number = revealed ? answers.length - 1 : answers.length;
    const round = test.rounds[number];
    const parts = [
      element("progress", "", { max: total, value: number, "aria-label": "Rounds answered" }),
      element("h2", `Round ${number + 1} of ${total}`),
      contextOf(round),
    ];
    if (test.whose) parts.push(element("blockquote", round.replies[0], { dir: "auto" }));
    const buttons = test.choices.map((choice, at) => {
      const text = test.whose ? choice : round.replies[at];
      const letter = test.letters[at].toUpperCase();
      return button(`${letter}  ${text}`, () => answer(at));
    });
    parts.push(...buttons);
    if (revealed) parts.push(...reveal(number, buttons));
    if (answers.length) parts.push(button("Take back the last answer (U)", undo, "plain"));
    show(...parts);
    if (revealed) document.getElementById("next").focus();
  }

  function reveal(number, buttons) {
    const right = rightOf(number);
    const given = answers[number];
    buttons.forEach((one) => (one.disabled = true));
    buttons[right].className = "right";
    if (given !== right) buttons[given].className = "wrong";
    const letter = test.letters[right].toUpperCase();
    const answerIs = test.whose ? test.choices[right] : `${letter} is the real one`;
    const said = element("output", `${given === right ? "Right" : "Wrong"}: ${answerIs}.`);
    const next = button(number + 1 < total ? "Next" : "See the score", goOn, "plain");
    next.id = "next";
    return [said, next];
  }

  function showEnd() {
    const right = answers.filter((choice, round) => isRight(round, choice)).length;
    const [low, high] = wilson(right, total);
    const percent = (share) => Math.round(100 * share);
    const chance = 1 / test.choices.length;
    let meaning = `This may be chance, which is ${percent(chance)} %.`;
    if (low > chance) meaning = `More than chance, which is ${percent(chance)} %.`;
    if (high < chance) meaning = `Less than chance, which is ${percent(chance)} %.`;
    const name = element("input", "", { id: "name", maxlength: 40, autocomplete: "off" });
    const given = element("textarea", code(), { id: "code", readonly: "", rows: 3 });
    const copied = element("output");
    show(
      element(
        "p",
        `${right} of ${total} right = ${percent(right / total)} % ` +
          `(95 % interval ${percent(low)}–${percent(high)} %)`,
        { class: "score" },
      ),
      element("p", meaning),
      element("p", "Send this code, or the file, to whoever gave you this page:"),
      given,
      button("Copy the code", () => copy(given, copied), "plain"),
      copied,
      element("label", "Your name, for the file (you may leave it out)", { for: "name" }),
      name,
      button("Download the file", () => download(name.value), "plain"),
      button("Take back the last answer (U)", undo, "plain"),
    );
  }

  // --- what can be done ---

  function answer(choice) {
    if (revealed || answers.length === total) return;
    answers.push(choice);
    revealed = test.feedback;
    showRound();
  }

  function goOn() {
    revealed = false;
    showRound();
  }

  function undo() {
    if (!answers.length) return;
    answers.pop();
    undone += 1;
    revealed = false;
    showRound();
  }

  function copy(given, copied) {
    const done = () => (copied.textContent = "Copied.");
    given.select();
    if (navigator.clipboard) navigator.clipboard.writeText(given.value).then(done, () => {});
    else if (document.execCommand("copy")) done();
  }

  function download(name) {
    const facts = { creator: "chatmimic turing", name: name.trim(), code: code() };
    const content = new Blob([`${JSON.stringify(facts, null, 2)}\n`], { type: "application/json" });
    const link = element("a", "", { href: URL.createObjectURL(content) });
    link.download = `answers-${attempt}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (["INPUT", "TEXTAREA"].includes(event.target.tagName)) return;
    const key = event.key.toLowerCase();
    if (key.length > 1 && !key.startsWith("arrow")) return;
    let choice = Math.max(test.letters.indexOf(key), "1234".indexOf(key));
    if (test.choices.length === 2 && key === "arrowleft") choice = 0;
    if (test.choices.length === 2 && key === "arrowright") choice = 1;
    if (choice >= 0 && choice < test.choices.length) answer(choice);
    else if (key === "u") undo();
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", pressed);
  showRound();
})();
