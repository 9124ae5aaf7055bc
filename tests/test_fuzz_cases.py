"""Inputs that fuzzing found: each hung, crashed or took gigabytes once.  Now each is one line.

The bytes are compressed and in base 85.
"""

import base64
import resource
import zlib
from dataclasses import replace
from time import perf_counter

import pytest

from moiety import InputError, io
from moiety.entropy.choices import exact_value
from moiety.sweep import read_plan
from pages import make_result

LONGEST = 60.0  # seconds; the limit of the process that reads HDF5 is below it
MOST = 2**30  # bytes

CASES = {
    "an exponent of columns in extended XYZ": (
        ".xyz",
        (
            "c-"
            "k}M@<}Wy$xKeQRWea907E#fq!3V)Uyxc<l9^g;TU?Nu45Y1stqiRS@{6s4tc<OS5>qluK}<u1f}~_yr4WS>1ve"
            "!wM+HL#BL!mx13gnNL#mi>i3Nb{w5PyQsymw~PZe1i6B%fj!T>bBZ<P"
        ),
    ),
    "a NumPy header of 4 GB": (
        ".npy",
        (
            "c-"
            "oun7wQ`j`5y`x8771Ij0|NA)#@p!#mPnLRtoAiX%^}_3hHV3MI|8&3=H{2DS04qx5S*{RG@fqMq)uKkgs8>qhO"
            "*5)Cm+zsZ~$_0E)35%m"
        ),
    ),
    "two stars inside a pattern": (
        ".toml",
        (
            "c-j?>K?=e!5JmTMiZIKdwF_Oi@D}bukg1G1n4~3>7TV(7O?IF69{hongCtgSGY%8U!sx-"
            "dmjqVt;T^`IDzuOLUN}yismz&wakBQ*7S>o-t*+LIBDXqH{*KG>`5{RNDqEvx&_Zkb>AUN}^xeh7AJ<4JBL"
        ),
    ),
    "GSD with 4e8 particles": (
        ".gsd",
        (
            "c-p(4dLIlK7#YBzfdL8xA(Q}&&%gv!!o-"
            "kXoT8VJpP!qeV5(=JXUIS*0PAHKe1Hwc5QR{X;NXPILxYDw0!f~cff+6jW66jj_)H-EED-"
            "(*sJsJ`er6!ah^GGontnz!`(GgGX8}Scbo<3n^)sRA7ZF3%&y1$u15H0Ontlf~{VZtuOVISQpy|&+)6a^ge*v0"
            ")Ry6%H(DbvR=|6*}pAAj_5j6emX!?Jk>1RjN{{c<^C>RB!U=)mkQ7{Td!GO0n8AjWigR#9i3P!;w7<?c(KQApa"
            "y|gH?Br`uxKPkV0p&+rSBr`cDwOHQ|iCvIioC#9GkdvRTpPQeVT2iT>l3JWxlvw~4Mm49nB(-"
            "2PY)8Rp%VD(TFfv*Wi^@{=v+iHJUtrb;dzVGcw$6X{8@*V2#4dAXuf1E|b35)8SM6aTT(j%-"
            "eh!mYw%Pq^`?d=|*dMw>z}~xOi~XJOeReD>OZR_fS!WLm&AC&gZN1ZtY;}7Z?I$>I*)O|nvHgVg*7ouLCfQd$n"
            "Y+L0{49G|$erSvw||e_wf+7Nw%V)z+F@UD@__wx*=Kw2#Ha5si~F<xj=88kY&`F+exm)Z^Q-"
            "N%qvQ9#JvVXx<28KtY6f%cUDMv$XTICCKY07Zy#NX=swV"
        ),
    ),
    "HDF5 that never ends": (
        ".nc",
        (
            "c-rk-YiL|W6h8OvW^=Q-d9`U?Eo7S(43e&Swh<efW*=^7vI)CEg%Xp^-"
            "W&I7vKx1AVuDIre@GRn^d<C<;2)J@e^`(P{i7mOK~ZRbXdt18V1wX`ilPObxiho5_hw@rNK9ltmYsWM&YU@OW_"
            "D)pIWsSY{J|o3jT<l|37k+0X8c7l*I}hu`7r!5`a=GQDBlw649byb6KjWC1Ob=3s_?hqWMcB-"
            "iI|o=CJ@S1NlGaRP9+_C`ie-1QlkU6cN6LaWpS00Dh^5uGfz=nT-Bt6wdKm_F<s5va1nCX9>66IVMU!W*M-"
            "@O^+s2V9u@?myFj#KI<nMJjvveR)&gnJ1C<g~Vm0$5Tq261u+)u-"
            "DpG3!tlBtN)JAS4trdd|5)6e^J+6$l`n7RQ!BQp2wrkc3LvF;h04`Kd0$<P3XcXn{#I;PE{_fsDINIG89*X*o_"
            "5?siGXM`-o>41&v^M~>R;Q`fKtjuS&?n|es=Ch~^eEc6n#^daq-SJO_asyLQqfc_t;I&hRIi7j2}xM2fBv`J7M"
            "5rm(uOP?uHGCA3tQU4?MTAB+vCY?VfxF;rt7nCL(S$`SlrSUZblLkgLfNpTbM0NjtyDZy?b*k?AX#4Zb1@me7o"
            "x<V&Sub5Hjx)f^C%$Z5Cgx+#zEYY#Fxd(2;PEktpoPl;B{sCBsUY#N_Dcm}*)DNWP+uj-"
            "g!!oY_{$wu^Z6ctTCLG*fMAjZ!i1@}4C%C90l-"
            "(rmchaJiLm9d0A(2u<N6Yys^3x%i8Re0@D+=F;8PW_Gs4=iBnx?rvY~OQ;14Z24?=ciV=yiKc}%enrc~)2gn@Y"
            "%`?kaXme$HhA#&Af}7Js^9SgO%0x=LG(i+*vIk*seZQU^vrYgU&;!4G2AK!4h{|u4h{~Ejo<(`0S5;M2gg=GpD"
            "%Pw+JT=O0&_+&Cx|?YeHsFKXV#$#B7tBa5(xVOLp|Nm0e}jTyfrH^J(f}RRa>g0Z}(XrlI@LuCEzwJ&aV|5`7A"
            ")d;6GPCoU3=9ZQVOY&$gG{%+)(-"
            "TlbE6Wv*SSxtgnY^0w|Bb6pN!JMtm!9gBgnUJKLAdnP|Z>K7aC*`ctnKb@LT)4HZ+Q2tIN_&$^TDK(9??r3gEv"
            "?UGCaYvK4-HS+Nw5_Ar+vsgXB@;6pE#9Vs-o_E<C)b0~XaG)AZ=|pQP-iHo&R<zr>&h_@2?Vg~)b7fzUFQn)%e"
            "_{5t&U+14h{|u4h{|u4h{~E?S<*b;)-"
            "&&#PzcDQ|*4&8=ZGfyd|Elfv@kW$ot^CJEhz}92^`R92^`RTLi&KsGlBvHvLIsQ2-"
            "W3U@?a5$!e!nihGT%IZZW51fU+JbN92nuRc5I?ivXBkwzjw8Ol-W=h|2std-Y4I`gc-Re-sQ2-"
            "hJy*M)u8JAzTfl|8_3kLWCE)eqB16ISv#Jrz#R|7X)zMqW77HP918+C70eL!>u17v6mU&fx$@KZ$ol_rG}<{-"
            "7K<YILTuco@1U2R`H6)_vp@{D5V)lF*1MKX@L#!B3s^)V227J8+fCFiu^+cj|qpqZv4g68ZD{+fac^P7?Lv=g%"
            "&}tN7_r(v$e-"
            "UoKwy@#3d^mj8P&#=pQ~cZ<y}qiPv1%bc+et$D6k=80umS?0&v<@3FKH2#D2GUV^dUI;Pp`^Uc);uv-"
            "*RGBX5kQg?;1&5ba7Mo_VW&1LUb0=u1)McadZM0;g3k<p(WYj*pa^y>;(u$VEH!cmHWmk_@(1Yo+bPs0z7ann)"
            "a#UwLrK$SN&{%9HHHoA5)u_!<FkfhrmaWRHPi}*j&2pa9l8RBbnjFa_r_jhRHOrY$(^^W=;;YJ$O>*R1{TflnG"
            "HcK$-z2BV$lqa>lbIPGSM{_;M{0F>qDfxya(NT!)RdZxCFAM_<dqotE<@gAQqwc*9Jl|!pXYCEW22n"
        ),
    ),
    "HDF5 of particles that never ends": (
        ".nc",
        (
            "c-rk;4^&gv8NYciK!7NJ6)Y6eTAiY%;hzNyC?-"
            "KtV_*biObdkM1u{aCCQqsdmAbQP9i^+C&N=+IgWc?0+0nNCsand;8P#?x_0K6fDuVw|W{FHJI#8GQ=aS?NP_&1"
            "G-TfWq@!fmB?|%2Y-@W(o-S52h>9VwOK2P}o3IYM(1ApL(`z+p5y3??}5DbrubXgWAY{Q<VDO|u2%Y_dHcvQV-"
            "81<9KhhhX4jg>TLjl@D8Q{WlOG+;^Kp|@(vi1#t~S`5|}nU|S#eth>@9M;+_8ZGgP2SfSO2B?Z;C>hiMHfE|*y"
            "%{QsE#0o}&!UGqZZVI?i03h?g|aQ+6Az|F81PIaV6+i|5CI6Oq|^{lH5i8Roc+uQXSiBf?g`;E8_plng2FhucQ"
            "76ZfdCY!2vV!l$H@$31|22UF#)h&rkxW)2}SdOr-"
            "M%bq{>va+EE%rak;dVDHh39YDI>sKrKyG%7M_~0o0^<&|Iq2MRLG$&2!<(E-~0dj(-"
            "}Fi6Eu2G?C6wMwn~{vq@C6j1-y7q_e7AV>M`sjD%RkB8D20-"
            "=24K2DdQuDZwLII4FH|EX*6r78WHqBy7tS%o*Imtg{b1M`qz!qS3K1Hl{6{NNp<dr-"
            "!gG&e>%~VqqLKDHyIUj)gtGXA9$F+QP983AGiN_4~Il0NtasOYq0Mg|Qj&-"
            "He4DrkzIXj=7(7IQPVJJ2`8^80rmp_%hbU86m!z6ve~giWbn8u$3&+>y5;~4$ouDb%friAql`A=!toGakM41C4"
            "@CLhCLZV=voXf^>(U;vquJ;N_@zvWEAgsn&JJe^Td=z*3HR~rZ4miXI>~g;67<F+YF?`sJ3`kW%cK_ec4%ZIi)"
            "pMd?GgdD^zWeJI%GL03aYBARr(hARzpZuspxY`|`Ew4T&wqO*gLJ+&AsORIjJkR4Ss%3x4y_MnN{Y?Owpur5|;"
            "_W@^N5g|Dp?k1w{{_bL*~uY9>JXm;azvnqP4p-$3%W6OWe?Uc*+%<Q>&<f#0EFO72|vu}2Vz53bIP4c-"
            "B_PgEFPh2H3FW)z)uUwzgZJ&SquT%W~bhe{sO8u<3TgfXfom^daW?gU1mgf~UbH6^Rvvr=`TF_vvs!x)Np6f3^"
            "Ju#*HyZV5?`37&b&)wd7I&am2h0UekzG#1AN%MYtd(H2^%d5yLNvhGDtnQ6$UOX$L`r{)jYc{Sk-"
            ";LPYc{@YZSC?D$$-"
            "&*T54FomCFgT8^y`#={LyDqL+<^1$<4kKs>Pe%{PnqaT1wAI_s=TGTYl#6=4*#`ggn*y=bBBo+Dg+}rg$B$xc0"
            "@Wy7g&yw!U@5L{5LRZ+Y&{(&OE~Y_pw<>H0wY?Okm|anFZ8YtBCWdew!A%9gWV6<Lp6{A$DPmG{++n|B43Zcpj"
            "&I{Y?qqGz%)wXd_X;^SSh@9t75k43$8FDhRv`N#am`JYE^TXa#_toTF55ygUW_^Zk`WB#2xUw<>LIrlyDPm@=R"
            "SG9#r?{4j^Tix=ze|o)gH>vUEq#235mRlPmKDlCDx5gfDzT^DT`p{mBWcB6#{@(Vc+{lEKdmSCx;{Mye*wHSI^"
            "@_CztgY|JJGdpq5-"
            "qVLT`0P|vf<7JpBG+es{fTO@64f;qx$ws75z;O4Xq8W5wdwd5rIH}`Fm^T@pl^ekuUw+8zfeE_a4t#(78NcTd2"
            "QysXZicQ{he_0O2xF_Tk&7&Qj%}9#U_?r;^u&ULsy&a140O&uh)6VQogV+z=2D5XKCs2ooEv6wPI$J@Y`EFNnL"
            "313K<UMa2AoKL~Y+3Mv)qYyc(!CTbYM#))7w6o#CzfruIawUeE{yV4l_|HqM(9)dtR^2CF&t3sAvc#w)mQCg4="
            "Ewbck@+`SZDrdErh%s8|G^EBxkPjR&)OH{^`H+z=st>oQDmz-"
            "&I~WS_96_m;{hkl7ayAo_4F*ET_+T_wYBpPS29t&)Y)t=x!TaaNo_VaEbUZzdiQA6+HfgPSQ|3r~NSOIJW8iuW"
            "cr5)XH1w&f2O`PC-"
            "!};<MoJc(mr;ot({WcE!)jxl>Wm~}+{E4?=R^0TOMRbVsEw}k6K0)pjG7~+$sXpm97uti<9be_f9HF$rJgoYV<"
            "l~s5e!-"
            "FzfTC~dE`3+ca6C20F+_>b?U&>!FGV>p2!^l+6*G6eZy7ScFM<DBivrFM_wNkXLXN)7+4<(bS>_F<IUYysB$(v"
            "<1en|j8}EBUIi~OMr93!F>8o_>P4rDI2g(83!~2$hIHrpIQkMJ?7F+bVP1z99H5pk8f`n+^_CLbi#bJjv$r|>q"
            "5E1MWzh__vBO2<#i0cp8g6a}3J>=V>(dLQ8A={>ZWkYca{^OhFits4XyM)y!88~zPB~1T;pS7E@^n|2E8mCX^%"
            "C~!%RcwA&n2XF88K7j{P{9#dJcay`y9tPaVl21+vUc1^lpfNfPjF2fPjF2fPjGT!@*E_qoG5z|7L<a&HcL_0Ra"
            "I40RiFv=Y1jkA^Cea?+?S>HX$G&ARr(hARr(hJlPm5%TL7CJy}_PF!c*!>EsEU2OFL6i5?xKckj033_H4Gl-"
            "#j8I&OY3%+cnK7S`+1*EiAMUZB72z~jSAL_VP_CSc0iLwpE@O_mJ+!4B2S%m#v7Q2;+SWrIpjawzE!TtC1e_@6"
            "0(d3{tmoG_h9BlUNaN>~kMok9CRX@M@%d|7Es3aN`UZHdNUvW-wT$`z;)Q%)Y}rkmAVPM9<%E%A^e#$2RQiF(3"
            "Z#<|ARpC2huNi(fx$AC!#ZNwl4+w(5m<%E@TndF$6CGjRYBQ`l&oFI0PI(>X{j94O;IBF~_l4Hfuv&E8tiuaHH"
            "7a<G7vH"
        ),
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_a_found_input_is_refused_in_one_line(tmp_path, what):
    suffix, text = CASES[what]
    path, started = tmp_path / f"x{suffix}", perf_counter()
    path.write_bytes(zlib.decompress(base64.b85decode(text)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError) as caught:
        read_plan(path) if suffix == ".toml" else io.load(path, periodic=True)
    assert len(str(caught.value).splitlines()) == 1
    assert not isinstance(caught.value.__cause__, MemoryError)
    assert perf_counter() - started < LONGEST
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MOST


@pytest.mark.parametrize("lacking", ["periodic", "configuration", "samples"])
def test_a_result_without_a_part_of_its_provenance_has_no_exact_value(lacking):
    """Results are files, too: `moiety report` ended with a KeyError."""
    whole = {
        **make_result().provenance,
        "periodic": [True, True],
        "configuration": {"excess": False},
    }
    assert exact_value(replace(make_result(), provenance=whole)) is not None  # negative control
    parts = {name: part for name, part in whole.items() if name != lacking}
    assert exact_value(replace(make_result(), provenance=parts)) is None
    odd = {**whole, lacking: "[]"}
    assert exact_value(replace(make_result(), provenance=odd)) is None
