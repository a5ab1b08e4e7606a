/* Lay letters out on pages inside wkhtmltopdf, whose Qt cuts through rows, forgets the heads of tables and knows no page
   numbers. Everything is measured once, then moved into page boxes. The language of 2011: nothing newer runs there. */
/* eslint-disable no-var */
(function () {
    "use strict";
    var MM = 96 / 25.4;
    // From the top of the flow to just above the foot; printing measures type a trifle wider than the screen does.
    var FIRST = (279 - 90) * MM;
    var NEXT = (279 - 28) * MM;
    var LIST = (279 - 18) * MM;
    // A block that is lower than this stays in one piece.
    var WHOLE = 62 * MM;

    function each(nodes, what) {
        for (var i = 0; i < nodes.length; i++) {
            what(nodes[i], i);
        }
    }

    function copyOf(nodes) {
        return Array.prototype.slice.call(nodes);
    }

    function hasText(node) {
        for (var child = node.firstChild; child; child = child.nextSibling) {
            if (child.nodeType === 3 && /\S/.test(child.nodeValue)) {
                return true;
            }
        }
        return false;
    }

    /* The row of headings of a table: in its thead, or a first row of nothing but th. */
    function headOf(table) {
        if (table.tHead) {
            return table.tHead;
        }
        var row = table.rows[0];
        if (!row || table.rows.length < 2 || !row.cells.length) {
            return null;
        }
        for (var i = 0; i < row.cells.length; i++) {
            if (row.cells[i].tagName !== "TH") {
                return null;
            }
        }
        return row;
    }

    function isHeading(node) {
        return node.tagName === "P" && node.style.fontWeight === "bold";
    }

    function isInline(node) {
        return node.nodeType !== 1 || window.getComputedStyle(node).display.indexOf("inline") === 0;
    }

    /* Whether a node may be laid out over several pages, child by child. */
    function divisible(node, height) {
        var children = copyOf(node.children);
        if (!children.length || hasText(node)) {
            return false;
        }
        if (/(^| )(o_letter_flow|o_letter_split)( |$)/.test(node.className)) {
            return true;
        }
        if (height <= WHOLE) {
            return false;
        }
        if (node.tagName === "TR") {
            return children.length === 1;
        }
        for (var i = 0; i < children.length; i++) {
            if (isInline(children[i])) {
                return false;
            }
        }
        return true;
    }

    /* The pieces that stay whole, in order, each with the elements around it. */
    function pieces(node, shells, result, top) {
        var box = node.getBoundingClientRect();
        var from = top === null ? box.top : top;
        if (!divisible(node, box.bottom - box.top)) {
            result.push({
                node: node,
                shells: shells,
                top: from,
                bottom: box.bottom,
                heading: isHeading(node),
                keep: /(^| )o_letter_keep( |$)/.test(node.className),
            });
            return;
        }
        var head = node.tagName === "TABLE" ? headOf(node) : null;
        var shell = { node: node, head: head, headHeight: head ? head.getBoundingClientRect().height : 0 };
        var inner = shells.concat([shell]);
        each(copyOf(node.children), function (child) {
            if (child === head || (child.tagName === "TBODY" && !child.children.length)) {
                return;
            }
            if (child.tagName === "TBODY") {
                each(copyOf(child.children), function (row) {
                    if (row !== head) {
                        pieces(row, inner, result, from);
                        from = null;
                    }
                });
                return;
            }
            pieces(child, inner, result, from);
            from = null;
        });
    }

    function element(className, parent) {
        var made = document.createElement("div");
        made.className = className;
        parent.appendChild(made);
        return made;
    }

    function Letter(source) {
        this.source = source;
        this.name = source.getAttribute("data-letter");
        this.list = / o_letter_list/.test(" " + source.className);
        this.left = document.body.getAttribute("data-window") === "left";
        this.pages = [];
        this.pieces = [];
        var flow = source.querySelector(".o_letter_flow");
        pieces(flow, [], this.pieces, null);
        // The flow itself is made anew on each page.
        each(this.pieces, function (piece) {
            piece.shells = piece.shells.slice(1);
        });
    }

    Letter.prototype.part = function (name) {
        return this.source.querySelector("." + name);
    };

    Letter.prototype.newPage = function () {
        var first = !this.pages.length;
        var page = document.createElement("div");
        page.className =
            "o_letter_page" +
            (this.list ? " o_letter_list" : first ? " o_letter_first" : "") +
            (this.left ? " o_letter_left" : "");
        document.body.appendChild(page);
        if (!this.list) {
            var parts = first ? ["o_letter_sender", "o_letter_address"] : ["o_letter_running"];
            for (var i = 0; i < parts.length; i++) {
                var part = this.part(parts[i]);
                if (part) {
                    page.appendChild(part.cloneNode(true));
                }
            }
        }
        if (first) {
            each([99, 198], function (place) {
                var mark = element("o_letter_fold", page);
                mark.style.top = place + "mm";
                mark.textContent = "\u2013";
            });
        }
        var made = {
            node: page,
            flow: element("o_letter_flow", page),
            open: [],
            pieces: [],
            used: 0,
            limit: this.list ? LIST : first ? FIRST : NEXT,
        };
        var foot = this.part("o_letter_foot");
        if (foot) {
            page.appendChild(foot.cloneNode(true));
        }
        this.pages.push(made);
        return made;
    };

    /* The height that a piece takes on a page. */
    function heightOn(page, piece) {
        var last = page.pieces[page.pieces.length - 1];
        var height = piece.bottom - piece.top + (last ? Math.max(piece.top - last.bottom, 0) : 0);
        if (!last) {
            each(piece.shells, function (shell) {
                height += shell.headHeight;
            });
        }
        return height;
    }

    function put(page, piece) {
        var parent = page.flow;
        var open = [];
        var shared = true;
        for (var i = 0; i < piece.shells.length; i++) {
            var shell = piece.shells[i];
            var known = page.open[i];
            if (shared && known && known.shell === shell) {
                open.push(known);
            } else {
                shared = false;
                var copy = shell.node.cloneNode(false);
                copy.removeAttribute("id");
                if (shell.head) {
                    copy.appendChild(shell.head.cloneNode(true));
                }
                parent.appendChild(copy);
                open.push({ shell: shell, copy: copy });
            }
            parent = open[i].copy;
        }
        page.used += heightOn(page, piece);
        page.open = open;
        page.pieces.push(piece);
        parent.appendChild(piece.node);
    }

    Letter.prototype.layOut = function () {
        var page = this.newPage();
        for (var i = 0; i < this.pieces.length; i++) {
            var piece = this.pieces[i];
            var next = this.pieces[i + 1];
            var height = heightOn(page, piece);
            if (piece.heading && next) {
                height += next.bottom - piece.bottom;
            }
            if (page.pieces.length && page.used + height > page.limit) {
                var before = page.pieces[page.pieces.length - 1];
                var taken = piece.keep && page.pieces.length > 1 && !before.shells.length ? page.pieces.pop() : null;
                page = this.newPage();
                if (taken) {
                    put(page, taken);
                }
            }
            put(page, piece);
        }
        var total = this.pages.length;
        var name = this.name;
        each(this.pages, function (done, place) {
            element("o_letter_number", done.node).textContent = name + " \u00b7 " + (place + 1) + "/" + total;
        });
        return total;
    };

    var logo = document.body.getAttribute("data-logo");
    each(copyOf(document.querySelectorAll(".o_letter_logo")), function (picture) {
        if (logo) {
            picture.src = logo;
        } else {
            picture.parentNode.removeChild(picture);
        }
    });

    var letters = [];
    each(copyOf(document.querySelectorAll(".o_followup_letter")), function (source) {
        letters.push(new Letter(source));
    });
    // The covering list comes first and says how many pages each letter has: it is laid out last.
    var counts = {};
    var number = 0;
    var cover = null;
    each(letters, function (letter) {
        if (letter.list) {
            cover = letter;
            return;
        }
        counts[letter.name] = letter.layOut();
        number += counts[letter.name];
    });
    if (cover) {
        each(copyOf(cover.source.querySelectorAll("[data-pages]")), function (cell) {
            var name = cell.getAttribute("data-pages");
            cell.textContent = name ? (counts[name] || 0) + Number(cell.getAttribute("data-extra") || 0) : number;
        });
        var firstPage = document.querySelector(".o_letter_page");
        cover.layOut();
        each(cover.pages, function (page) {
            document.body.insertBefore(page.node, firstPage);
        });
    }
    each(letters, function (letter) {
        letter.source.parentNode.removeChild(letter.source);
    });
})();
