// Another code can be asked for when the pause between two is over; until then the button counts down.
(function () {
  "use strict";
  var button = document.getElementById("again");
  if (!button || !button.hasAttribute("data-pause-s")) return;
  var words = button.textContent;
  var wait = button.getAttribute("data-wait");
  var ends = Date.now() + Number(button.getAttribute("data-pause-s")) * 1000;
  function show() {
    var left = Math.ceil((ends - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? wait.replace("{}", left) : words;
    if (left > 0) setTimeout(show, 1000);
  }
  show();
})();
