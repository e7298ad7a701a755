# SPDX-License-Identifier: MIT
#
# gnuplot -e "data='x.tsv'; out='x.svg'; who='gcc -O2'" plot.gp - every part of every row on one scale: how far from its
# goal. 1 is the goal; right of it is better. Bars go from p10 to p90; a short line stands where the must is.
set terminal svg size 900,1000 dynamic noenhanced background rgb 'white' font 'sans-serif,11'
set output out
set datafile separator '\t'
set title 'iommukit bench, '.who.': measured as a part of the goal'
set logscale x 10
set xlabel 'of the goal (right is better)'
set grid x
set yrange [] reverse
set key bottom right
set offsets 0, 0, 0.7, 0.7
faster(s) = s eq 'faster'
seen(v) = v < 0.001 ? 0.001 : v
# A count of none cannot be drawn on this scale: seen() lifts it.
far(s, v, goal) = faster(s) ? seen(v / seen(goal)) : seen(seen(goal) / seen(v))
wanted(goal, s) = !(faster(s) && goal == 0)
set arrow from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#208020' lw 2 front
plot data using (wanted($8, strcol(4)) ? far(strcol(4), $5, $8) : NaN):0:(far(strcol(4), $6, $8)):(far(strcol(4), $7, $8)):ytic(sprintf('%d %s', $1, strcol(3))) \
         every ::1 with xerrorbars pt 7 ps 0.6 lc rgb '#2050a0' title 'measured, p10 to p90', \
     data using ($9 > 0 && wanted($8, strcol(4)) ? far(strcol(4), $9, $8) : NaN):0 every ::1 with points pt 2 ps 0.8 lc rgb '#c03020' title 'must', \
     NaN with lines lc rgb '#208020' lw 2 title 'goal'
