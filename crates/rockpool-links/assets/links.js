// Shows the button that copies the shielded link; without scripts, the link can be marked and copied by hand.
"use strict";
const field = document.getElementById("shielded");
const button = document.getElementById("copy");
const told = document.getElementById("told");
if (field && button) {
  field.addEventListener("focus", () => field.select());
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      told.textContent = "Copied.";
    } catch {
      field.focus();
      field.select();
      told.textContent = "The link is marked: copy it with Ctrl+C.";
    }
  });
}
