'use strict';
(function () {
	var data = JSON.parse(document.getElementById('data').textContent);
	var charts = [], sync = null;

	function make(name, text, className) {
		var node = document.createElement(name);
		if (text !== undefined) node.textContent = text;
		if (className) node.className = className;
		return node;
	}
	function at(id) { return document.getElementById(id); }
	function colour(name) {
		return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
	}
	function sign(text) { return text === '-' ? '' : text[0] === '-' ? 'bad' : /[1-9]/.test(text) ? 'good' : ''; }

	/* --- words ---------------------------------------------------------------------------- */

	document.title = data.title + ': backtest';
	at('title').textContent = data.title;
	at('subtitle').textContent = data.subtitle;
	at('path').textContent = 'The picture shows the worse of two paths inside each minute: ' + data.paths[0].name + '.';
	data.warnings.forEach(function (text) { at('warnings').append(make('p', text, 'warn')); });
	data.tiles.forEach(function (key) {
		var row = data.figures.find(function (figure) { return figure.key === key; });
		var tile = make('div', undefined, 'tile');
		tile.append(make('b', row.values[0], row.signed ? sign(row.values[0]) : ''), make('span', row.label));
		at('tiles').append(tile);
	});

	function fill(table, head, rows) {
		var top = make('tr');
		head.forEach(function (text) { top.append(make('th', text)); });
		table.createTHead().append(top);
		var body = table.createTBody();
		rows.forEach(function (row) { body.append(row); });
	}
	fill(at('figures'), ['', data.paths[0].name, data.paths[1].name], data.figures.map(function (figure) {
		var row = make('tr'), name = make('td', figure.label);
		name.append(make('small', figure.definition));
		row.append(name);
		figure.values.forEach(function (text) { row.append(make('td', text, figure.signed ? sign(text) : '')); });
		return row;
	}));
	fill(at('cycles'), ['began', 'length', 'adds', 'largest', 'average', 'PnL', 'fees', 'funding', 'net', 'ended by'],
		data.cycles.map(function (cells) {
			var row = make('tr');
			cells.forEach(function (text, i) { row.append(make('td', text, i === 8 ? sign(text) : '')); });
			return row;
		}));
	if (data.cycles_left_out > 0)
		at('cycles-note').textContent = 'The newest ' + data.cycles.length + '; ' + data.cycles_left_out +
			' older ones are left out here. --trades writes them all.';
	if (data.cycles.length === 0) at('cycles-note').textContent = 'No cycle has ended.';
	data.adds.forEach(function (pair) {
		var row = make('tr');
		row.append(make('td', pair[0]), make('td', pair[1]));
		at('adds').tBodies[0].append(row);
	});
	data.assumptions.forEach(function (pair) { at('assumptions').append(make('dt', pair[0]), make('dd', pair[1])); });
	at('params').textContent = JSON.stringify(data.params, null, 2);

	/* --- pictures ------------------------------------------------------------------------- */

	function moment(ms) { return new Date(ms).toISOString().slice(0, 16).replace('T', ' ') + 'Z'; }
	function number(value) {
		if (value === null || value === undefined || isNaN(value)) return '-';
		var digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 1 ? 2 : 5;
		return value.toLocaleString('en-US', { maximumFractionDigits: digits });
	}

	/* One row per moment: the bars of price, then entry, add and exit where there was one. */
	function priceRows() {
		var rows = data.buckets.map(function (b) { return [b[0], [b[1], b[3], b[2]], null, null, null]; });
		data.marks.forEach(function (mark) {
			var row = [mark[0], null, null, null, null];
			row[2 + mark[1]] = [mark[2], mark[2], mark[2]];
			rows.push(row);
		});
		rows.sort(function (a, b) { return a[0] - b[0]; });
		rows.forEach(function (row) {
			row[0] = new Date(row[0]);
			for (var i = 1; i < row.length; i++) row[i] = row[i] || [null, null, null];
		});
		return rows;
	}
	function rowsOf(pick) {
		return data.buckets.map(function (b) { return [new Date(b[0])].concat(pick(b)); });
	}

	function legend(id, labels, colours, suffix) {
		var box = at(id);
		function show(values, when) {
			box.textContent = '';
			labels.forEach(function (label, i) {
				var key = make('span', label + (values && values[i] !== null ? ' ' + number(values[i]) + suffix : ''), 'key');
				key.style.setProperty('--c', colours[i]);
				box.append(key);
			});
			if (when) box.append(make('span', when));
		}
		show(null, '');
		return {
			highlightCallback: function (event, x, points) {
				var values = labels.map(function (label) {
					var found = points.find(function (point) { return point.name === label; });
					return found && !isNaN(found.yval) ? found.yval : null;
				});
				show(values, moment(x));
			},
			unhighlightCallback: function () { show(null, ''); }
		};
	}

	function draw(id, rows, labels, names, suffix, extra) {
		var colours = names.map(colour);
		var words = legend(id + '-key', labels, colours, suffix);
		var options = {
			labels: ['time'].concat(labels), colors: colours, labelsUTC: true, legend: 'never',
			gridLineColor: colour('line'), axisLineColor: colour('line'), strokeWidth: 1.4,
			highlightCircleSize: 3, animatedZooms: false,
			highlightCallback: words.highlightCallback, unhighlightCallback: words.unhighlightCallback,
			axes: { y: { axisLabelWidth: 62, axisLabelFormatter: function (v) { return number(v) + suffix; } } }
		};
		Object.keys(extra || {}).forEach(function (key) { options[key] = extra[key]; });
		charts.push(new Dygraph(at(id), rows, options));
	}

	function drawAll() {
		if (sync) sync.detach();
		charts.forEach(function (chart) { chart.destroy(); });
		charts = [];
		var dot = { strokeWidth: 0, drawPoints: true, pointSize: 2.6, highlightCircleSize: 4 };
		draw('price', priceRows(), ['price', 'entry', 'add', 'exit'], ['price', 'enter', 'more', 'leave'], '', {
			customBars: true, connectSeparatedPoints: true, fillAlpha: 0.25,
			series: { entry: dot, add: dot, exit: dot }
		});
		draw('equity', rowsOf(function (b) { return [b[6], b[7]]; }), ['equity', 'wallet'], ['equity', 'wallet'], '');
		var peak = -Infinity;
		draw('fall', rowsOf(function (b) {
			peak = Math.max(peak, b[4]);
			return [Math.min(0, (b[5] / peak - 1) * 100)];
		}), ['below the peak'], ['fall'], ' %', { fillGraph: true });
		draw('load', rowsOf(function (b) { return [b[7] > 0 ? b[8] / b[7] : 0]; }), ['value / wallet'], ['load'], 'x',
			{ fillGraph: true, includeZero: true });
		sync = Dygraph.synchronize(charts, { selection: false, zoom: true, range: false });
	}

	drawAll();
	window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
	window.addEventListener('beforeprint', function () { charts.forEach(function (chart) { chart.resize(); }); });
})();
